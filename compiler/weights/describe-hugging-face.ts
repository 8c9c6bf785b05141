/** How transformers' `ASTForAudioClassification` names and configures a model, when its spec is that architecture. */
import type { HuggingFaceModel } from "../artifact/hugging-face.ts";
import type { ArtifactMetadata } from "../artifact/metadata.ts";
import { patchesToken } from "../artifact/token-layout.ts";
import type { NormalizedSpec } from "../ir/normalized-spec.ts";
import { type LayerFacts, type PlacedLayer, withInner } from "../ir/placed-layer.ts";
import type { State } from "../ir/graph.ts";
import { astFilters, stepDifferences } from "./facts/feature-steps.ts";
import { filtersOf, isBlock } from "./facts/geometry.ts";
import { referenceName } from "./layouts/reference-name.ts";

const body = "audio_spectrogram_transformer.";
const layer = `${body}encoder.layer.$1`;

/** From the reference's names to the hub's; three names share one of our tensors, in thirds of its first axis. */
const rules: readonly (readonly [RegExp, ...string[]])[] = [
  [/^v\.cls_token$/, `${body}embeddings.cls_token`],
  [/^v\.dist_token$/, `${body}embeddings.distillation_token`],
  [/^v\.pos_embed$/, `${body}embeddings.position_embeddings`],
  [/^v\.patch_embed\.proj\.(.+)$/, `${body}embeddings.patch_embeddings.projection.$1`],
  [/^v\.blocks\.(\d+)\.norm1\.(.+)$/, `${layer}.layernorm_before.$2`],
  [
    /^v\.blocks\.(\d+)\.attn\.qkv\.(.+)$/,
    ...["query", "key", "value"].map((part) => `${layer}.attention.attention.${part}.$2`),
  ],
  [/^v\.blocks\.(\d+)\.attn\.proj\.(.+)$/, `${layer}.attention.output.dense.$2`],
  [/^v\.blocks\.(\d+)\.norm2\.(.+)$/, `${layer}.layernorm_after.$2`],
  [/^v\.blocks\.(\d+)\.mlp\.fc1\.(.+)$/, `${layer}.intermediate.dense.$2`],
  [/^v\.blocks\.(\d+)\.mlp\.fc2\.(.+)$/, `${layer}.output.dense.$2`],
  [/^v\.norm\.(.+)$/, `${body}layernorm.$1`],
  [/^mlp_head\.0\.(.+)$/, "classifier.layernorm.$1"],
  [/^mlp_head\.1\.(.+)$/, "classifier.dense.$1"],
];

const hubNames = (name: string): readonly string[] | undefined => {
  const reference = referenceName(name);
  const rule = rules.find(([pattern]) => reference !== undefined && pattern.test(reference));
  if (rule === undefined || reference === undefined) return undefined;
  const [pattern, ...targets] = rule;
  return targets.map((target) => reference.replace(pattern, target));
};

/** What inference does not pass by: transformers has its own recipes of training. */
const inferred = (layers: readonly PlacedLayer[]): readonly PlacedLayer[] =>
  layers.filter(({ facts }) => !facts.trainingOnly);

/** A layer as `frame` and `block` have it: with the tokens that it names, or the layers inside it. */
const printLayer = ({ layer: { kind, ...options }, inner }: PlacedLayer): string => {
  if (inner.length > 0) return `${kind}(${inferred(inner).map(printLayer).join(" ")})`;
  return "names" in options ? `${kind}(${options.names.join()})` : kind;
};

/** The only network that transformers has a class for, blocks left out: a fact of that class and of no layer. */
const frame = [
  "patchEmbedding",
  "addTokens(cls,dist)",
  "positionalEmbedding",
  "layerNorm",
  "meanOfTokens(cls,dist)",
  "layerNorm",
  "dense",
];
const block = ["residual(layerNorm attention)", "residual(layerNorm dense activation dense)"];

/** The first layer that is not as it should be. */
const misfit = (layers: readonly PlacedLayer[], expected: readonly string[], where: string): string | undefined => {
  const printed = layers.map(printLayer);
  const index = Array.from({ length: Math.max(printed.length, expected.length) }, (_, each) => each).find(
    (each) => printed[each] !== expected[each],
  );
  if (index === undefined) return undefined;
  return `layer ${index + 1} ${where} is ${expected[index] ?? "none"} there, and ${printed[index] ?? "none"} here`;
};

/** A value that transformers' class has one of. */
const single = <T>(what: string, values: readonly T[]): { readonly value: T } | string => {
  const [value, ...others] = new Set(values);
  return value === undefined || others.length > 0 ? `all blocks have the same ${what} there` : { value };
};

/** Transformers' `ASTFeatureExtractor` has a filter bank with no options but its bins: what differs in this one. */
const featureObstacle = ({ features, sampleRateHz }: NormalizedSpec): string | undefined => {
  const milliseconds = (samples: number): number => (1000 * samples) / sampleRateHz;
  const [step] = stepDifferences(astFilters(sampleRateHz), filtersOf(features));
  if (step) return `the features have ${step.theirs} there, and ${step.ours} here`;
  if (features.perClip) return "the features are normalised by a data set's statistics there, and by each clip's here";
  const rows: readonly (readonly [what: string, there: number, here: number])[] = [
    ["frameLengthMs", 25, milliseconds(features.frameLengthSamples)],
    ["frameShiftMs", 10, milliseconds(features.frameShiftSamples)],
  ];
  const row = rows.find(([, there, here]) => there !== here);
  return row && `${row[0]} of the features is ${row[1]} there, and ${row[2]} here`;
};

const describe = (spec: NormalizedSpec, states: readonly State[]): HuggingFaceModel | string => {
  if (spec.features.anyLength) return "clips have one length there: padOrCut";
  const network = inferred(spec.network);
  const blocks = network.filter(isBlock);
  const depth = Math.max(1, Math.ceil(blocks.length / block.length));
  const blockLayers = Array.from({ length: depth }, () => block).flat();
  const outer = network.filter((placed) => !isBlock(placed));
  const facts = withInner(blocks).map((placed) => placed.facts);
  const factsOf = <Key extends keyof LayerFacts>(key: Key): readonly NonNullable<LayerFacts[Key]>[] =>
    facts.flatMap((each) => (each[key] === undefined ? [] : [each[key]]));

  const structural =
    misfit(outer, frame, "outside the blocks") ?? misfit(blocks, blockLayers, "of the blocks") ?? featureObstacle(spec);
  if (structural !== undefined) return structural;
  const activation = factsOf("activation").find((name) => name !== "gelu");
  if (activation !== undefined) return `the activation is gelu there, and ${activation} here`;
  const heads = single("number of heads", factsOf("heads"));
  const hidden = single(
    "hidden width",
    factsOf("units").filter((_, index) => index % 2 === 0),
  );
  const eps = single("eps of layerNorm", factsOf("layerNormEps"));
  if (typeof heads === "string") return heads;
  if (typeof hidden === "string") return hidden;
  if (typeof eps === "string") return eps;
  const { facts: { patch, stride } = {}, gives } = network[0] ?? {};
  if (gives?.kind !== "tokens" || !patch || !stride || patch.bins !== patch.frames) return "patches are square there";
  const [, tokens] = network;
  if (tokens?.gives.kind !== "tokens" || tokens.gives.order.at(-1) !== patchesToken) {
    return "tokens come before the patches there";
  }

  const names: Record<string, readonly string[]> = {};
  for (const { value } of states) {
    const hub = hubNames(value.name);
    if (!hub) return `the parameter ${value.name} has no name there`;
    names[value.name] = hub;
  }
  const { features, sampleRateHz } = spec;
  return {
    names,
    config: {
      architectures: ["ASTForAudioClassification"],
      model_type: "audio-spectrogram-transformer",
      hidden_size: gives.width,
      num_hidden_layers: depth,
      num_attention_heads: heads.value,
      intermediate_size: hidden.value,
      hidden_act: "gelu",
      // transformers has one epsilon for body and head; the head's is left out.
      layer_norm_eps: eps.value,
      patch_size: patch.bins,
      frequency_stride: stride.bins,
      time_stride: stride.frames,
      max_length: features.frames,
      num_mel_bins: features.bins,
      qkv_bias: true,
      problem_type: spec.objective === "multi-label" ? "multi_label_classification" : "single_label_classification",
    },
    preprocessor: {
      feature_extractor_type: "ASTFeatureExtractor",
      do_normalize: true,
      feature_size: 1,
      max_length: features.frames,
      // transformers computes (x - mean) / (2 * std).
      mean: features.mean,
      std: 0.5 / features.scale,
      num_mel_bins: features.bins,
      padding_side: "right",
      padding_value: 0,
      return_attention_mask: false,
      sampling_rate: sampleRateHz,
    },
  };
};

/** @returns how to export the model, or the first condition of transformers' class for it that is not met */
export const describeHuggingFace = (
  spec: NormalizedSpec,
  states: readonly State[],
): Pick<ArtifactMetadata, "huggingFace" | "huggingFaceObstacle"> => {
  const described = describe(spec, states);
  return typeof described === "string"
    ? { huggingFace: null, huggingFaceObstacle: described }
    : { huggingFace: described };
};
