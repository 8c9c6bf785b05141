/** The config.json and preprocessor_config.json that transformers keeps beside a model's weights. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import type { ArtifactMetadata } from "../../artifact/metadata.ts";
import { patchesAlong } from "../../ir/flow.ts";
import { CheckpointError } from "../readers/checkpoint-error.ts";
import { huggingFaceClassNames } from "./hugging-face-class-names.ts";
import { astFilters } from "../facts/feature-steps.ts";
import type { SourceFacts, SourceFeatures } from "../facts/source-facts.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));

/** Fields that a file leaves out have transformers' defaults. */
const pictures = ["vit", "deit", "vit_mae", "vit_msn"] as const;
const sides = v.union([count, v.tuple([count, count])]);
const picture = v.object({
  model_type: v.picklist(pictures),
  image_size: v.optional(sides),
  patch_size: v.optional(sides, 16),
  num_attention_heads: v.optional(count, 12),
  layer_norm_eps: v.optional(positive, 1e-12),
  hidden_act: v.optional(v.string(), "gelu"),
});
const spectrogram = v.object({
  model_type: v.literal("audio-spectrogram-transformer"),
  num_attention_heads: v.optional(count, 12),
  layer_norm_eps: v.optional(positive, 1e-12),
  hidden_act: v.optional(v.string(), "gelu"),
  patch_size: v.optional(count, 16),
  frequency_stride: v.optional(count, 10),
  time_stride: v.optional(count, 10),
  max_length: v.optional(count, 1024),
  num_mel_bins: v.optional(count, 128),
  id2label: v.nullish(v.record(v.string(), v.unknown())),
  label2id: v.nullish(v.record(v.string(), v.unknown())),
  problem_type: v.nullish(v.string()),
});
const model = v.variant("model_type", [picture, spectrogram]);
const knownModels: ReadonlySet<unknown> = new Set([...pictures, "audio-spectrogram-transformer"]);

const extractor = v.object({
  do_normalize: v.optional(v.boolean(), true),
  mean: v.optional(v.pipe(v.number(), v.finite()), -4.2677393),
  std: v.optional(positive, 4.5689974),
  num_mel_bins: v.optional(count, 128),
  max_length: v.optional(count, 1024),
  sampling_rate: v.optional(count, 16_000),
});
const extractorType = "ASTFeatureExtractor";

interface Kind<T> {
  readonly file: string;
  /** The property by which files of other kinds are told apart. */
  readonly key: string;
  readonly known: ReadonlySet<unknown>;
  readonly schema: v.GenericSchema<unknown, T>;
}
const modelKind = { file: "config.json", key: "model_type", known: knownModels, schema: model };
const extractorKind = {
  file: "preprocessor_config.json",
  key: "feature_extractor_type",
  known: new Set<unknown>([extractorType]),
  schema: extractor,
};

const folderOf = (checkpoint: string): string =>
  statSync(checkpoint).isDirectory() ? checkpoint : dirname(checkpoint);

const readJson = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const reason = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw new CheckpointError(path, `${reason}, but lies beside a Hugging Face checkpoint; replace or remove it`);
  }
};

/** @returns undefined where there is no such file beside the checkpoint, or one of another kind of model */
const readBeside = <T>(checkpoint: string, { file, key, known, schema }: Kind<T>): T | undefined => {
  const path = join(folderOf(checkpoint), file);
  if (!existsSync(path)) return undefined;
  const json = readJson(path);
  if (!known.has((json as Readonly<Record<string, unknown>> | null)?.[key])) return undefined;
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new CheckpointError(path, `has an impossible ${v.getDotPath(issue)}: ${issue.received}`);
};

/** transformers loads a file without a type as the model's own extractor; one of another type is not known here. */
const readExtractor = (checkpoint: string, isSpectrogram: boolean): Pick<SourceFacts, "features" | "warnings"> => {
  const file = join(folderOf(checkpoint), extractorKind.file);
  const known = new Set<unknown>(isSpectrogram ? [extractorType, undefined] : [extractorType]);
  const config = readBeside(checkpoint, { ...extractorKind, known });
  if (config) return { features: describeFeatures(file, config) };
  if (!isSpectrogram || !existsSync(file)) return {};
  const warning =
    `its ${extractorKind.file} is not of ${extractorType}, so that nothing of it is compared: ` +
    "the spec's features must be those that it was trained on";
  return { warnings: [warning] };
};

/** A picture need not be square. Without a size in the file its own positions tell. */
const describePicture = ({ image_size, patch_size }: v.InferOutput<typeof picture>): Pick<SourceFacts, "grid"> => {
  if (image_size === undefined) return {};
  const [image, patch] = [image_size, patch_size].map((size) => (typeof size === "number" ? [size, size] : size));
  const along = (axis: 0 | 1): number => Math.floor((image?.[axis] ?? 0) / (patch?.[axis] ?? 1));
  return { grid: { rows: along(0), columns: along(1) } };
};

/** Names of transformers' activations that compute what ours does. */
const sameActivations: ReadonlyMap<string, string> = new Map([["gelu_python", "gelu"]]);

const objectives: ReadonlyMap<unknown, ArtifactMetadata["objective"]> = new Map([
  ["multi_label_classification", "multi-label"],
  ["single_label_classification", "single-label"],
]);

/**
 * transformers' filter bank has frames of 25 ms, one each 10 ms, and normalises by (x - mean) / (2 std). It removes no mean, but
 * what it reads was often trained by code that does.
 */
const describeFeatures = (file: string, config: v.InferOutput<typeof extractor>): SourceFeatures => ({
  file,
  mean: config.do_normalize ? config.mean : 0,
  scale: config.do_normalize ? 0.5 / config.std : 1,
  bins: config.num_mel_bins,
  frames: config.max_length,
  sampleRateHz: config.sampling_rate,
  frameLengthSamples: Math.floor(0.025 * config.sampling_rate),
  frameShiftSamples: Math.floor(0.01 * config.sampling_rate),
  filters: astFilters(config.sampling_rate),
});

/**
 * @param checkpoint the file beside which the two may lie, or their folder
 * @returns nothing of a file that is not there, or that of another kind of model
 * @throws CheckpointError where one is broken
 */
export const readHuggingFaceFiles = (checkpoint: string): SourceFacts => {
  const config = readBeside(checkpoint, modelKind);
  if (!config) return readExtractor(checkpoint, false);
  const { hidden_act: activation } = config;
  const common = {
    heads: config.num_attention_heads,
    layerNormEps: config.layer_norm_eps,
    activation: sameActivations.get(activation) ?? activation,
  };
  if (config.model_type !== "audio-spectrogram-transformer") return { ...common, ...describePicture(config) };
  const { num_mel_bins: bins, max_length: frames, patch_size: patch, id2label, label2id } = config;
  const classNames = huggingFaceClassNames(id2label, label2id);
  const objective = objectives.get(config.problem_type);
  return {
    ...common,
    ...readExtractor(checkpoint, true),
    grid: {
      rows: patchesAlong(bins, patch, config.frequency_stride),
      columns: patchesAlong(frames, patch, config.time_stride),
    },
    positions: ["cls", "dist", "patches"],
    ...(objective === undefined ? {} : { objective }),
    ...(classNames === undefined
      ? {}
      : {
          classNames: typeof classNames === "string" ? `its ${modelKind.file} has an ${classNames}` : classNames,
        }),
  };
};
