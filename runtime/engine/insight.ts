/** Runs the inference graph for what it has inside. */
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import { extraOutputs, withOutputs } from "../../compiler/artifact/extra-outputs.ts";
import { names } from "../../compiler/artifact/names.ts";
import { nodesLeadingTo } from "../../compiler/artifact/nodes-leading-to.ts";
import { type onnx, valuesOf } from "../../compiler/artifact/onnx.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { UserError } from "../user-error.ts";
import type { Device } from "./device.ts";
import { type Engine, type HostTensor, onHost } from "./engine.ts";
import { openSession } from "./open-session.ts";
import { requireFit } from "./require-fit.ts";
import { withGraph } from "./session-program.ts";

/** Scores, normalised features [batch, frames, bins], and the outputs that a graph may have or be given. */
export type InsideName = (typeof names)["scores" | "features" | "embedding" | "attention"];

export interface Insight<Name extends InsideName> {
  /** @param waveform [batch, samples] */
  readonly look: (waveform: HostTensor) => Promise<Readonly<Record<Name, Float32Array>>>;
  readonly close: () => Promise<void>;
}

/** The part of the graph that leads to these values, which are its outputs. */
const insideProgram = ({ path, model: plain }: Artifact, wanted: readonly InsideName[]): onnx.IModelProto => {
  const asked = extraOutputs.filter((name) => wanted.includes(name));
  const model = withOutputs(plain, asked);
  if (typeof model === "string")
    throw new UserError("no-such-output", { path, outputs: asked }, `cannot tell ${asked.join(" and ")}: ${model}`);
  const { node, initializer, input, output } = model.graph ?? {};
  const nodes = nodesLeadingTo(node ?? [], valuesOf, wanted);
  const read = new Set(nodes.flatMap((each) => each.input ?? []));
  const tensorType = { elemType: onnxTypeNumbers.float32 };
  return withGraph(model, {
    name: "inside",
    node: nodes,
    initializer: (initializer ?? []).filter(({ name }) => read.has(name ?? "")),
    input: input ?? [],
    output: wanted.map((name) => output?.find((each) => each.name === name) ?? { name, type: { tensorType } }),
  });
};

/**
 * Opens an artifact for what it has inside; it need not have been compiled with these outputs.
 * @throws UserError where its network has no such value, or ONNX Runtime refuses it
 */
export const openInsight = async <Name extends InsideName>(
  engine: Engine,
  artifact: Artifact,
  device: Device,
  wanted: readonly Name[],
): Promise<Insight<Name>> => {
  const program = insideProgram(artifact, wanted);
  const session = await openSession(engine, artifact, program, device, { data: artifact });
  return {
    look: async (waveform) => {
      const [batch = 0, samples = 0] = waveform.dims;
      requireFit(artifact.metadata, device, "inference", { batch, samples });
      const outputs = await session.run({ [names.waveform]: waveform });
      const values = wanted.map((name) => {
        const output = outputs[name] && onHost(outputs[name]);
        if (output?.data instanceof Float32Array && output.dims[0] === batch) return [name, output.data] as const;
        throw new UserError(
          "no-such-output",
          { path: artifact.path, outputs: [name] },
          `gives no ${name} of each clip`,
        );
      });
      return Object.fromEntries(values) as Record<Name, Float32Array>;
    },
    close: () => session.release(),
  };
};
