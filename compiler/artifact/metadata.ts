/** What `graph.onnx` tells the runtime that ONNX has no field for. */
import * as v from "valibot";
import { type ModelCost, modelCostSchema } from "./cost.ts";
import { type Draw, drawsSchema } from "./draws.ts";
import {
  count,
  flag,
  length,
  list,
  name,
  nameList,
  number,
  oneOf,
  range,
  real,
  record,
  text,
  whole,
} from "./schemas.ts";

/** Bumped when a runtime and a graph of different numbers cannot work together. */
export const formatVersion = 3;

/** What `metadata_props` tells the runtime, each property as JSON under the key `specgraph.<property>`. */
export interface ArtifactMetadata {
  readonly formatVersion: number;
  /** The compiler's version that wrote the file. */
  readonly compilerVersion: string;
  readonly specName: string;
  /** SHA-256, hexadecimal, of the normalised spec. */
  readonly specHash: string;
  readonly input: "waveform" | "features";
  readonly sampleRateHz: number;
  /** Clips with fewer samples have no frame and are refused. */
  readonly minSamples: number;
  readonly frames: number;
  readonly bins: number;
  /** From the start of one frame to that of the next; a frame has `minSamples`. */
  readonly frameShiftSamples: number;
  /** What the log-mel features become: (x - mean) * scale. */
  readonly normalization: { readonly mean: number; readonly scale: number };
  /** Decides whether scores are independent (sigmoid) or sum to one (softmax). */
  readonly objective: "multi-label" | "single-label";
  /** Class names, by index. */
  readonly classes: readonly string[];
  readonly recipe: Recipe;
  /** The training program's random inputs. */
  readonly draws: readonly Draw[];
  /** The network's scalars. */
  readonly parameters: number;
  /** Names of parameters that training leaves as they are. */
  readonly frozen: readonly string[];
  /** By stage, in named lengths: for any batch and any length of clips. */
  readonly cost: ModelCost;
  /** How to export to transformers; null where it has no class for the network. */
  readonly huggingFace: HuggingFaceModel | null;
  /** Where `huggingFace` is null, the first condition of transformers' class that is not met; missing in older files. */
  readonly huggingFaceObstacle?: string | undefined;
}

/** A model as transformers' `from_pretrained` wants it. */
export interface HuggingFaceModel {
  /** Per parameter its name on the hub; three names share a tensor in thirds of its first axis. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** config.json, but for the labels, which are the metadata's classes. */
  readonly config: v.InferOutput<typeof huggingFaceConfig>;
  /** preprocessor_config.json. */
  readonly preprocessor: v.InferOutput<typeof huggingFacePreprocessor>;
}

/** How training proceeds, from the spec's `training`: the defaults of `runtime train`. */
export interface Recipe {
  readonly learningRate: number;
  readonly schedule: Schedule;
  /** Clips per optimizer step. */
  readonly batch: number;
  /** Parts in which a step's clips are computed, one after the other, to save memory; 1: all at once. */
  readonly accumulate: number;
  readonly epochs: number;
  readonly seed: number;
  /** "mixed-float16" needs a device that computes in float16. */
  readonly precision: "float32" | "mixed-float16";
  /** Optimizer steps in one call of the runtime; null: the runtime decides by device. */
  readonly stepsPerRun: number | null;
  /** How an epoch draws its clips: each once in random order, or as many with replacement, those of rare classes more often. */
  readonly sampling: "shuffled" | "balanced";
  readonly augmentation: Augmentation;
  /** Epochs, both ends included, whose parameters are averaged after training; null: none. */
  readonly averaging: { readonly from: number; readonly to: number } | null;
  /** The figure whose best epoch is kept. */
  readonly bestBy: Figure;
  /** Ends training when the figure has not become better for so many epochs; null: never. */
  readonly earlyStopping: { readonly figure: Figure; readonly patience: number } | null;
}

/** A figure of the evaluation that tells which epoch is better: the higher, or the lower loss. */
export type Figure = "accuracy" | "mAP" | "loss";

/** The learning rate over time. The runtime computes it and feeds it to each step. */
export type Schedule = { readonly warmup: Warmup | null } & (
  | { readonly kind: "constant" }
  /** Times `factor` after each of these numbers of finished epochs. */
  | { readonly kind: "multiStep"; readonly milestones: readonly number[]; readonly factor: number }
  /** Half a cosine over the whole training, down to `to` times the first rate. */
  | { readonly kind: "cosine"; readonly to: number }
);

/**
 * "linear": rises from 0 over so many steps. "reference": as the authors' code, in jumps every 50 steps, and until its end it
 * undoes what the schedule has done.
 */
export interface Warmup {
  readonly kind: "linear" | "reference";
  readonly steps: number;
}

/** What the training program's random inputs are drawn from; null or false: it has no such input. */
export interface Augmentation {
  /** A share of the clips is mixed with another clip, by a weight from Beta(alpha, alpha). */
  readonly mixup: { readonly rate: number; readonly alpha: number } | null;
  /** Widest mask, in bins. */
  readonly frequencyMask: number | null;
  /** Widest mask, in frames. */
  readonly timeMask: number | null;
  readonly noise: boolean;
  /** Shifts in frames, both ends included. */
  readonly roll: { readonly from: number; readonly to: number } | null;
}

const keyPrefix = "specgraph.";

/** The metadata property that holds this property of `ArtifactMetadata`. */
export const metadataKey = (property: keyof ArtifactMetadata): string => keyPrefix + property;

/** The metadata property by which a compiler reads the parameters as a checkpoint; the runtime only passes it on. */
export const geometryKey = `${keyPrefix}geometry`;

/** The metadata property by which a trained graph tells its clips; a compiler passes it on from a checkpoint. */
export const trainedClipsKey = `${keyPrefix}trainedClips`;

/** What the metadata of a training's checkpoint says that it is. */
export const trainingCheckpointFormat = "specgraph checkpoint";

/** All that gives the parameters their meaning as a checkpoint, for exports to pass on. */
export const checkpointKeys: readonly string[] = [
  geometryKey,
  trainedClipsKey,
  ...(
    [
      "classes",
      "objective",
      "normalization",
      "sampleRateHz",
      "minSamples",
      "frameShiftSamples",
      "frames",
      "bins",
    ] as const
  ).map(metadataKey),
];

/** The names of parameters that training leaves as they are: of graphs of any format version, so that none is lost as a checkpoint. */
export const frozenKey = `${keyPrefix}frozen`;

const isUnlike = (values: readonly string[]): boolean => new Set(values).size === values.length;

const warmup = v.nullable(record({ kind: oneOf("linear", "reference"), steps: length }));
const figure = oneOf("accuracy", "mAP", "loss");

const schedule = v.variant(
  "kind",
  [
    record({ kind: v.literal("constant"), warmup }),
    record({ kind: v.literal("multiStep"), milestones: list(length), factor: number(0, 1e9), warmup }),
    record({ kind: v.literal("cosine"), to: number(0, 1), warmup }),
  ],
  "one of the kinds constant, multiStep, cosine",
);

const augmentation = record({
  mixup: v.nullable(record({ rate: number(0, 1), alpha: number(0, 1e9) })),
  frequencyMask: v.nullable(count),
  timeMask: v.nullable(length),
  noise: flag,
  roll: v.nullable(range(whole(-1e9, 1e9))),
});

const recipe = record({
  learningRate: number(0, 1e9),
  schedule,
  batch: count,
  accumulate: count,
  epochs: length,
  seed: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  precision: oneOf("float32", "mixed-float16"),
  stepsPerRun: v.nullable(count),
  sampling: oneOf("shuffled", "balanced"),
  augmentation,
  averaging: v.nullable(range(length)),
  bestBy: figure,
  earlyStopping: v.nullable(record({ figure, patience: length })),
});

const huggingFaceConfig = record({
  architectures: v.tuple([oneOf("ASTForAudioClassification")], "a list of ASTForAudioClassification"),
  model_type: oneOf("audio-spectrogram-transformer"),
  hidden_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  intermediate_size: count,
  hidden_act: oneOf("gelu"),
  layer_norm_eps: number(0, 1),
  patch_size: count,
  frequency_stride: count,
  time_stride: count,
  max_length: length,
  num_mel_bins: count,
  qkv_bias: flag,
  problem_type: oneOf("multi_label_classification", "single_label_classification"),
});

const huggingFacePreprocessor = record({
  feature_extractor_type: oneOf("ASTFeatureExtractor"),
  do_normalize: flag,
  feature_size: count,
  max_length: length,
  mean: real,
  std: real,
  num_mel_bins: count,
  padding_side: oneOf("right"),
  padding_value: real,
  return_attention_mask: flag,
  sampling_rate: length,
});

/** Each property has its schema, whose message says what is expected; others in a file are of no meaning. */
const schemas: { readonly [Key in keyof ArtifactMetadata]-?: v.GenericSchema<unknown, ArtifactMetadata[Key]> } = {
  formatVersion: v.literal(formatVersion),
  compilerVersion: text(),
  specName: text(),
  specHash: text(),
  input: oneOf("waveform", "features"),
  sampleRateHz: whole(1000, 1e6),
  minSamples: length,
  frames: length,
  bins: count,
  frameShiftSamples: length,
  normalization: record({ mean: real, scale: real }),
  objective: oneOf("multi-label", "single-label"),
  classes: v.pipe(
    nameList,
    v.minLength(1, "a list of at least one"),
    v.check<string[], string>(isUnlike, "names that differ"),
  ),
  recipe,
  draws: drawsSchema,
  parameters: whole(0, Number.MAX_SAFE_INTEGER),
  frozen: nameList,
  cost: modelCostSchema,
  huggingFace: v.nullable(
    record({
      names: v.record(name, nameList, "an object of names"),
      config: huggingFaceConfig,
      preprocessor: huggingFacePreprocessor,
    }),
  ),
  huggingFaceObstacle: v.optional(text()),
};

const printValue = (value: {} | null): string => {
  const printed = JSON.stringify(value);
  return printed.length > 60 ? `${printed.slice(0, 60)}...` : printed;
};

/** What is wrong with a property, such as `specgraph.recipe.batch is 0; expected a whole number from 1 to 1048576`. */
const describeIssue = (key: string, issue: v.BaseIssue<unknown>): string => {
  const path = [`${keyPrefix}${key}`, v.getDotPath(issue)].filter((each) => each !== null).join(".");
  const { input, message } = issue;
  return input === undefined ? `${path} is missing` : `${path} is ${printValue(input)}; expected ${message}`;
};

/** Metadata as `metadata_props` entries. */
export const printMetadata = (metadata: ArtifactMetadata): { key: string; value: string }[] =>
  Object.entries(metadata).flatMap(([key, value]: [string, unknown]) =>
    value === undefined ? [] : [{ key: keyPrefix + key, value: JSON.stringify(value) }],
  );

/**
 * Metadata from `metadata_props` entries.
 * @returns the metadata, or one sentence saying why these entries are not ours or not readable.
 */
export const parseMetadata = (
  entries: readonly { readonly key?: string | null; readonly value?: string | null }[],
): ArtifactMetadata | string => {
  const found = new Map(entries.map(({ key, value }) => [key, value]));
  const version = found.get(`${keyPrefix}formatVersion`);
  if (version === undefined) return "it holds no specgraph metadata";
  if (version !== String(formatVersion)) {
    return `it has format version ${version?.slice(0, 20)}, and this runtime reads ${formatVersion}; compile its spec anew, with --weights and the graph that was trained last (a run's graph.onnx or best.onnx) to keep what it has learnt`;
  }
  const metadata: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(schemas)) {
    const printed = found.get(keyPrefix + key);
    let value: unknown;
    try {
      value = printed === undefined || printed === null ? undefined : JSON.parse(printed);
    } catch {
      return `its metadata property ${keyPrefix}${key} is not JSON`;
    }
    const parsed = v.safeParse(schema, value);
    if (!parsed.success) return `its metadata property ${describeIssue(key, parsed.issues[0])}`;
    if (parsed.output !== undefined) metadata[key] = parsed.output;
  }
  return metadata as unknown as ArtifactMetadata;
};
