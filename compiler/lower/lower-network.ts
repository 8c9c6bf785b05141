import type { Layer, Repeat } from "../../spec/dsl/layers.ts";
import type { NormalizedSpec, PlacedLayer, Locate } from "../ir/normalized-spec.ts";
import type { Builder } from "../ops/builder.ts";
import type { Value } from "../ir/graph.ts";
import { failAt, type Flow, flowDescriptions, type LayerContext, type LowerLayer } from "../layers/flow.ts";
import { lowerActivation } from "../layers/activation.ts";
import { lowerAddTokens } from "../layers/add-tokens.ts";
import { lowerAttention } from "../layers/attention.ts";
import { lowerDense } from "../layers/dense.ts";
import { lowerLayerNorm } from "../layers/layer-norm.ts";
import { lowerMeanOfPatches } from "../layers/mean-of-patches.ts";
import { lowerMeanOfTokens } from "../layers/mean-of-tokens.ts";
import { lowerPatchEmbedding } from "../layers/patch-embedding.ts";
import { lowerPositionalEmbedding } from "../layers/positional-embedding.ts";
import { lowerResidual } from "../layers/residual.ts";

type PlainLayer = Exclude<Layer, Repeat>;

const lowerings: { readonly [Kind in PlainLayer["kind"]]: LowerLayer<Extract<PlainLayer, { kind: Kind }>> } = {
  patchEmbedding: lowerPatchEmbedding,
  addTokens: lowerAddTokens,
  positionalEmbedding: lowerPositionalEmbedding,
  residual: lowerResidual,
  layerNorm: lowerLayerNorm,
  attention: lowerAttention,
  dense: lowerDense,
  activation: lowerActivation,
  meanOfTokens: lowerMeanOfTokens,
  meanOfPatches: lowerMeanOfPatches,
};

/**
 * The network: features [batch, frames, bins] -> logits [batch, classes].
 * @param role "training": the same network once more, on the parameters that the lowering of role "forward" declared
 * @throws CompileError at the layer that does not fit what reaches it
 */
export const lowerNetwork = (
  b: Builder,
  features: Value,
  spec: NormalizedSpec,
  locate: Locate,
  role: "forward" | "training" = "forward",
): Value => {
  const lowerLayer = (flow: Flow, { layer, path, inner }: PlacedLayer): Flow => {
    const context: LayerContext<PlainLayer> = {
      layer,
      inner,
      b,
      classCount: spec.classes.length,
      parameter: (name, shape, initializer, fanIn = shape.slice(1).reduce((a, c) => a * c, 1)) =>
        role === "training"
          ? b.findState(`${path}.${name}`)
          : b.state({ kind: "parameter", initializer, fanIn }, `${path}.${name}`, { dtype: "float32", shape }),
      lowerLayers: (layers, from) => layers.reduce(lowerLayer, from),
      fail: (...problem) => failAt(locate, layer, ...problem),
    };
    const lower = lowerings[layer.kind] as LowerLayer<PlainLayer>;
    return b.from({ path, role, span: locate(layer) }, () => lower(context, flow));
  };

  const { frames, bins } = spec.features;
  const flow = spec.network.reduce<Flow>(lowerLayer, { kind: "spectrogram", value: features, frames, bins });
  const last = spec.network.at(-1)?.layer ?? {};
  if (flow.kind !== "vector" || flow.width !== spec.classes.length) {
    const found = flow.kind === "vector" ? `${flow.width} values per clip` : flowDescriptions[flow.kind];
    failAt(
      locate,
      last,
      "network-ends-in-logits",
      `the network must end in one logit per class (${spec.classes.length}), but it ends in ${found}`,
    );
  }
  return flow.value;
};
