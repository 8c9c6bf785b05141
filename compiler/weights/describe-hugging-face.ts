/** How transformers' `ASTForAudioClassification` names and configures a model, when its spec is that architecture. */
import type { HuggingFaceModel } from "../artifact.ts";
import type { NormalizedSpec, PlacedLayer } from "../frontend/normalized-spec.ts";
import type { State } from "../ir/graph.ts";
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

const kindsOf = (layers: readonly PlacedLayer[]): string =>
  layers
    .map(({ layer: { kind, ...options }, inner }) => {
      if (kind === "residual") return `residual(${kindsOf(inner)})`;
      return "names" in options ? `${kind}(${options.names.join()})` : kind;
    })
    .join(" ");

/** The only network that transformers has a class for, blocks left out. */
const frame = "patchEmbedding addTokens(cls,dist) positionalEmbedding layerNorm meanOfTokens(cls,dist) layerNorm dense";
const block = "residual(layerNorm attention) residual(layerNorm dense activation dense)";

const unique = <T>(values: readonly T[]): T | undefined => (new Set(values).size === 1 ? values[0] : undefined);

/** Whether transformers' `ASTFeatureExtractor`, whose filter bank has no options but its bins, gives these features. */
const isExtractable = ({ features, sampleRateHz }: NormalizedSpec): boolean =>
  features.window === "hanning" &&
  features.frameLengthSamples === 0.025 * sampleRateHz &&
  features.frameShiftSamples === 0.01 * sampleRateHz &&
  features.lowHz === 20 &&
  features.highHz === sampleRateHz / 2 &&
  features.preemphasis === 0.97;

/** @returns null when transformers has no class for the network or for its features */
export const describeHuggingFace = (spec: NormalizedSpec, states: readonly State[]): HuggingFaceModel | null => {
  const inBlock = ({ path }: PlacedLayer): boolean => path.startsWith("blocks.");
  const blocks = spec.network.filter(inBlock);
  const isAst =
    kindsOf(spec.network.filter((placed) => !inBlock(placed))) === frame &&
    kindsOf(blocks) === Array.from({ length: blocks.length / 2 }, () => block).join(" ");
  const inner = blocks.flatMap((placed) => placed.inner.map((each) => each.layer));
  const embedding = spec.network[0]?.layer;
  const heads = unique(inner.flatMap((each) => (each.kind === "attention" ? [each.heads] : [])));
  const hidden = unique(
    inner.flatMap((each) => (each.kind === "dense" ? [each.units] : [])).filter((_, i) => i % 2 === 0),
  );
  const eps = unique(inner.flatMap((each) => (each.kind === "layerNorm" ? [each.eps] : [])));
  const isGelu = inner.every((each) => each.kind !== "activation" || each.name === "gelu");
  const tokens = spec.network[1]?.layer;
  if (!isAst || !isGelu || !isExtractable(spec)) return null;
  if (heads === undefined || hidden === undefined || eps === undefined) return null;
  if (embedding?.kind !== "patchEmbedding" || embedding.patch.bins !== embedding.patch.frames) return null;
  if (tokens?.kind !== "addTokens" || tokens.position !== "first") return null;

  const names: Record<string, readonly string[]> = {};
  for (const { value } of states) {
    const hub = hubNames(value.name);
    if (!hub) return null;
    names[value.name] = hub;
  }
  const { features, classes, sampleRateHz } = spec;
  return {
    names,
    config: {
      architectures: ["ASTForAudioClassification"],
      model_type: "audio-spectrogram-transformer",
      hidden_size: embedding.width,
      num_hidden_layers: blocks.length / 2,
      num_attention_heads: heads,
      intermediate_size: hidden,
      hidden_act: "gelu",
      // transformers has one epsilon for body and head; the head's is left out.
      layer_norm_eps: eps,
      patch_size: embedding.patch.bins,
      frequency_stride: embedding.stride.bins,
      time_stride: embedding.stride.frames,
      max_length: features.frames,
      num_mel_bins: features.bins,
      qkv_bias: true,
      id2label: Object.fromEntries(classes.entries()),
      label2id: Object.fromEntries(classes.map((name, index) => [name, index])),
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
