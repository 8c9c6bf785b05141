/** The stage that answers: from the graph's input to logits and scores. */
import type { GraphInput } from "../artifact/metadata.ts";
import { names } from "../artifact/names.ts";
import type { Graph, Value } from "../ir/graph.ts";
import type { Locate, NormalizedSpec } from "../ir/normalized-spec.ts";
import { createBuilder } from "../ops/builder.ts";
import { type LoweredFeatures, lowerFeatures } from "./features/lower-features.ts";
import { declareStates, lowerNetwork } from "./lower-network.ts";
import { objectives } from "./objectives.ts";

export interface LoweredInference {
  /** Outputs: logits and scores. */
  readonly graph: Graph;
  readonly input: GraphInput;
  /** The graph's input. */
  readonly start: Value;
  readonly features: LoweredFeatures;
  /** [batch, classes] */
  readonly logits: Value;
}

export const lowerInference = (spec: NormalizedSpec, input: GraphInput, locate: Locate): LoweredInference => {
  const b = createBuilder();
  const { frames, bins } = spec.features;
  const start =
    input === "waveform"
      ? b.input(names.waveform, { dtype: "float32", shape: ["batch", "samples"] })
      : b.input(names.features, { dtype: "float32", shape: ["batch", frames, bins] });
  const features =
    input === "waveform"
      ? b.from({ path: "features", role: "forward", span: locate(spec, "features") }, () =>
          lowerFeatures(b, start, spec.features, spec.sampleRateHz),
        )
      : { values: start, ownFrames: undefined };
  declareStates(b, spec.network);
  const logits = lowerNetwork(b, features, spec, locate, "inference");
  const scores = b.from({ path: "objective", role: "forward", span: locate(spec, "objective") }, () =>
    objectives[spec.objective].scores(b, logits),
  );
  return { graph: b.finish([logits, scores]), input, start, features, logits };
};
