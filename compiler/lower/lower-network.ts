import type { Locate, NormalizedSpec } from "../ir/normalized-spec.ts";
import type { Value } from "../ir/graph.ts";
import { inTraining } from "../ir/flow.ts";
import { type Held, heldName, isFrozen, type PlacedLayer, withInner } from "../ir/placed-layer.ts";
import { createPresence } from "../layers/presence.ts";
import { rowOf } from "../layers/table.ts";
import type { Builder } from "../ops/builder.ts";
import type { LoweredFeatures } from "./features/lower-features.ts";

/** Training is another forward pass than inference, on the same states. */
export type Mode = "inference" | "training";

/** Whether any layer is another one while training. */
export const trainsDifferently = (network: readonly PlacedLayer[]): boolean =>
  withInner(network).some(({ layer }) => {
    const row = rowOf(layer);
    return "lowerForTraining" in row && row.lowerForTraining !== undefined;
  });

/** Declares what the network's layers hold; each lowering finds it. */
export const declareStates = (b: Builder, network: readonly PlacedLayer[]): void => {
  for (const placed of withInner(network)) {
    const declare = (kind: "parameter" | "statistic", held: Held): void => {
      const { shape, initializer, fanIn = shape.slice(1).reduce((product, length) => product * length, 1) } = held;
      b.state({ kind, initializer, fanIn }, heldName(placed, held), { dtype: "float32", shape });
    };
    for (const held of placed.parameters) declare("parameter", held);
    for (const held of placed.statistics) declare("statistic", held);
  }
};

/** The network: features [batch, frames, bins] -> logits [batch, classes], on the states that were declared. */
export const lowerNetwork = (
  b: Builder,
  { values: features, ownFrames }: LoweredFeatures,
  spec: Pick<NormalizedSpec, "network" | "rateFactors" | "features">,
  locate: Locate,
  mode: Mode,
): Value => {
  const { network, rateFactors } = spec;
  const role = mode === "training" ? "training" : "forward";
  const presence = ownFrames && createPresence(b, ownFrames, { path: "length", role, span: locate(spec, "features") });
  const beside = new Map<string, Value>();
  const lowerLayers = (layers: readonly PlacedLayer[], x: Value): Value => layers.reduce(lowerLayer, x);
  const lowerLayer = (x: Value, placed: PlacedLayer): Value => {
    const { layer, path, takes, inner, parameters, statistics } = placed;
    const row = rowOf(layer);
    if ("unroll" in row) throw new Error(`${path} was not unrolled`);
    const find = (held: readonly Held[]): Readonly<Record<string, Value>> =>
      Object.fromEntries(held.map((each) => [each.name, b.findState(heldName(placed, each))]));
    const call = {
      layer,
      takes: mode === "training" ? inTraining(takes) : takes,
      b,
      x,
      parameters: find(parameters),
      statistics: find(statistics),
      path,
      presence,
      beside,
      lowerBranch: (from: Value) => lowerLayers(inner, from),
    };
    const isTrained = mode === "training" && !isFrozen(placed, rateFactors);
    return b.from({ path, role, span: locate(layer) }, () =>
      isTrained && row.lowerForTraining ? row.lowerForTraining(call) : row.lower(call),
    );
  };
  return lowerLayers(network, features);
};
