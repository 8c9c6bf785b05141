/**
 * The contract between the compiler and the runtime: what `graph.onnx` holds beyond plain ONNX.
 * This file imports nothing; it is all that the runtime knows of the compiler.
 */

/** Bumped when a runtime and a graph of different numbers cannot work together. */
export const formatVersion = 2;

/**
 * Stands in `waveform` where a clip has no sample: clips of one batch share a length, shorter ones are filled up with it.
 * The graph derives each clip's true length from it, so padding changes neither the clip's mean nor its frames.
 * It is float32's largest value, because not-a-number does not survive every GPU shader compiler.
 */
export const absentSample = 3.4028234663852886e38;

/** Names that are fixed for every model: inputs, outputs, and the normalised features wherever the graph starts. */
export const names = {
  waveform: "waveform",
  features: "input_values",
  /** float32 [batch, mixup_samples]: what each clip is mixed with. */
  mixupWaveform: "mixup_waveform",
  /** float32 [batch]: the clip's own share in the mixture. */
  mixupShare: "mixup_share",
  /** float32 [batch, 2]: first bin of the mask, and the one after its last. */
  frequencyMask: "frequency_mask",
  /** float32 [batch, 2]: first frame of the mask, and the one after its last. */
  timeMask: "time_mask",
  /** float32 [batch, frames, bins]: from 0 to 1. */
  noise: "noise",
  /** float32 [batch]: what the noise is multiplied by. */
  noiseLevel: "noise_level",
  /** int64 [batch * frames]: for each frame the one it is taken from. */
  frameOrder: "frame_order",
  targets: "targets",
  /** bool []: whether the optimizer steps with the gradients added up, or only adds to them. */
  update: "update",
  learningRate: "learning_rate",
  logits: "logits",
  scores: "scores",
  loss: "loss",
} as const;

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
  /** The network's scalars. */
  readonly parameters: number;
  /** Names of parameters that training leaves as they are. */
  readonly frozen: readonly string[];
  /** Floating point operations for one clip: a forward pass, and a whole training step. */
  readonly flops: { readonly forward: number; readonly trainingStep: number };
  /** Bytes of the largest tensor for one clip, in a forward pass and in a whole training step: some devices have a limit. */
  readonly largestTensor: { readonly forward: number; readonly trainingStep: number };
  /** ONNX Runtime session options that the training program needs, merged into the runtime's own. */
  readonly sessionOptions: Readonly<Record<string, unknown>>;
  /** How to export to transformers; null where it has no class for the network. */
  readonly huggingFace: HuggingFaceModel | null;
}

/** A model as transformers' `from_pretrained` wants it. */
export interface HuggingFaceModel {
  /** Per parameter its name on the hub; three names share a tensor in thirds of its first axis. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  /** preprocessor_config.json. */
  readonly preprocessor: Readonly<Record<string, unknown>>;
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

/** The metadata property by which a compiler reads the parameters as a checkpoint; the runtime only passes it on. */
export const geometryKey = `${keyPrefix}geometry`;

/** The names of parameters that training leaves as they are: of graphs of any format version, so that none is lost as a checkpoint. */
export const frozenKey = `${keyPrefix}frozen`;

type Check = (value: unknown) => boolean;
const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isString: Check = (value) => typeof value === "string";
const isOneOf =
  (...choices: readonly unknown[]): Check =>
  (value) =>
    choices.includes(value);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isRecordOf =
  (...keys: readonly string[]): Check =>
  (value) =>
    isRecord(value) && keys.every((key) => isNumber(value[key]));

const isRecipe: Check = (value) =>
  isRecord(value) &&
  ["learningRate", "batch", "accumulate", "epochs", "seed"].every((key) => isNumber(value[key])) &&
  isOneOf("float32", "mixed-float16")(value["precision"]) &&
  isOneOf("shuffled", "balanced")(value["sampling"]) &&
  isOneOf("accuracy", "mAP", "loss")(value["bestBy"]) &&
  (value["stepsPerRun"] === null || isNumber(value["stepsPerRun"])) &&
  ["schedule", "augmentation"].every((key) => isRecord(value[key])) &&
  ["averaging", "earlyStopping"].every((key) => value[key] === null || isRecord(value[key]));

const checks: { readonly [Key in keyof ArtifactMetadata]: Check } = {
  formatVersion: isNumber,
  compilerVersion: isString,
  specName: isString,
  specHash: isString,
  input: isOneOf("waveform", "features"),
  sampleRateHz: isNumber,
  minSamples: isNumber,
  frames: isNumber,
  bins: isNumber,
  frameShiftSamples: isNumber,
  normalization: isRecordOf("mean", "scale"),
  objective: isOneOf("multi-label", "single-label"),
  classes: (value) => Array.isArray(value) && value.length > 0 && value.every(isString),
  recipe: isRecipe,
  parameters: isNumber,
  frozen: (value) => Array.isArray(value) && value.every(isString),
  flops: isRecordOf("forward", "trainingStep"),
  largestTensor: isRecordOf("forward", "trainingStep"),
  sessionOptions: isRecord,
  huggingFace: (value) =>
    value === null || (isRecord(value) && [value["names"], value["config"], value["preprocessor"]].every(isRecord)),
};

/** Metadata as `metadata_props` entries. */
export const printMetadata = (metadata: ArtifactMetadata): { key: string; value: string }[] =>
  Object.entries(metadata).map(([key, value]) => ({ key: keyPrefix + key, value: JSON.stringify(value) }));

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
    return `it has format version ${version}, and this runtime reads ${formatVersion}; compile its spec anew, with --weights and this file to keep what it has learnt`;
  }
  const metadata: Record<string, unknown> = {};
  for (const [key, isValid] of Object.entries(checks)) {
    try {
      metadata[key] = JSON.parse(found.get(keyPrefix + key) ?? "");
    } catch {
      return `its metadata property ${keyPrefix}${key} is missing or not JSON`;
    }
    if (!isValid(metadata[key])) return `its metadata property ${keyPrefix}${key} has an unexpected value`;
  }
  return metadata as unknown as ArtifactMetadata;
};
