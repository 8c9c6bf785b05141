/** What `graph.onnx` tells the runtime that ONNX has no field for. */
import * as v from "valibot";
import { modelCostSchema } from "./cost.ts";
import { decisionsMisfit, decisionsSchema } from "./decisions.ts";
import { drawsSchema } from "./draws.ts";
import { huggingFaceSchema } from "./hugging-face.ts";
import { recipeSchema } from "./recipe.ts";
import { count, type Immutable, length, list, nameList, oneOf, real, record, text, whole } from "./schemas.ts";
import { specLinesSchema } from "./spec-lines.ts";

/** Bumped when a runtime and a graph of different numbers cannot work together. */
export const formatVersion = 3;

const isUnlike = (values: readonly string[]): boolean => new Set(values).size === values.length;

/** Decides whether scores are independent (sigmoid) or sum to one (softmax). */
export const objectiveSchema = oneOf("multi-label", "single-label");

/** Each property has its schema, whose message says what is expected; others in a file are of no meaning. */
const schemas = {
  formatVersion: v.literal(formatVersion),
  /** The compiler's version that wrote the file. */
  compilerVersion: text(),
  specName: text(),
  /** SHA-256, hexadecimal, of the normalised spec. */
  specHash: text(),
  /** What `--set` gave the spec's options, as `stride=12`; missing where nothing was set. */
  settings: v.optional(list(text(65_536))),
  /** What the function that made the spec was given, defaults among it, in the form of `settings`; missing where there is none that has defaults. */
  options: v.optional(list(text(65_536))),
  /** Which of the spec's variants this is; missing where it has none. */
  variant: v.optional(text()),
  input: oneOf("waveform", "features"),
  sampleRateHz: whole(1000, 1e6),
  /** Clips with fewer samples have no frame and are refused. */
  minSamples: length,
  /** That the network sees of each clip; with `anyLength` those that its positions are held for. */
  frames: length,
  /** In frames, where clips are heard in their own length: to how many shorter ones are filled up, and longer ones are cut. */
  anyLength: v.optional(
    v.pipe(
      record({ least: length, most: length }),
      v.check(({ least, most }) => least <= most, "least that is not above most"),
    ),
  ),
  bins: count,
  /** From the start of one frame to that of the next; a frame has `minSamples`, or twice `reflectedSamples`. */
  frameShiftSamples: length,
  /** Where frames have their middles at whole steps from the first sample: how many are reflected at each end of a clip. */
  reflectedSamples: v.optional(length),
  /** What the log-mel features become: (x - mean) * scale. */
  normalization: record({ mean: real, scale: real }),
  /** "clip": they are normalised by each clip's own mean and deviation, and `normalization` is 0 and 1; missing: they are not. */
  normalizedPer: v.optional(oneOf("clip")),
  objective: objectiveSchema,
  /** Class names, by index. */
  classes: v.pipe(
    nameList,
    v.minLength(1, "a list of at least one"),
    v.check<string[], string>(isUnlike, "names that differ"),
  ),
  recipe: recipeSchema,
  /** The training program's random inputs. */
  draws: drawsSchema,
  /** The network's scalars. */
  parameters: whole(0, Number.MAX_SAFE_INTEGER),
  /** How many clips a part of a training step must have; missing where one is enough. */
  clipsAtOnce: v.optional(count),
  /** Names of parameters that training leaves as they are. */
  frozen: nameList,
  /** By stage, in named lengths: for any batch and any length of clips. */
  cost: modelCostSchema,
  /** How to export to transformers; null where it has no class for the network. */
  huggingFace: v.nullable(huggingFaceSchema),
  /** Where `huggingFace` is null, the first condition of transformers' class that is not met; missing in older files. */
  huggingFaceObstacle: v.optional(text()),
  /** Of a trained graph; missing where nothing was measured. */
  decisions: v.optional(decisionsSchema),
  /** Where its layers stand in the spec; missing where none does. */
  lines: v.optional(specLinesSchema),
};

/** What `metadata_props` tells the runtime, each property as JSON under the key `specgraph.<property>`. */
export type ArtifactMetadata = Immutable<v.InferOutput<v.ObjectSchema<typeof schemas, undefined>>>;

/** Where a graph starts: at the waveform [batch, samples], or at normalised features [batch, frames, bins]. */
export type GraphInput = ArtifactMetadata["input"];

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
      "reflectedSamples",
      "frames",
      "bins",
    ] as const
  ).map(metadataKey),
];

const tryPrint = (value: {} | null): string | undefined => {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
};

/** A value in few characters; what is nested deeper than a stack reaches cannot be printed. */
const printValue = (value: {} | null): string => {
  const printed = tryPrint(value) ?? "nested too deeply";
  return printed.length > 60 ? `${printed.slice(0, 60)}...` : printed;
};

/** What is wrong with a property, such as `specgraph.recipe.batch is 0; expected a whole number from 1 to 1048576`. */
const describeIssue = (key: string, issue: v.BaseIssue<unknown>): string => {
  const path = [`${keyPrefix}${key}`, v.getDotPath(issue)].filter((each) => each !== null).join(".");
  const { input, message } = issue;
  return input === undefined ? `${path} is missing` : `${path} is ${printValue(input)}; expected ${message}`;
};

/**
 * One property, of a graph whose others need not be readable: a graph of another format version is a checkpoint all the same.
 * @throws where it is not what it must be
 */
export const parseProperty = <Key extends keyof ArtifactMetadata>(key: Key, text: string): ArtifactMetadata[Key] =>
  v.parse(schemas[key], JSON.parse(text)) as ArtifactMetadata[Key];

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
  const parsed = metadata as unknown as ArtifactMetadata;
  const { minSamples, reflectedSamples = 0 } = parsed;
  if (reflectedSamples >= minSamples) {
    return `its metadata property ${metadataKey("reflectedSamples")} is ${reflectedSamples}; expected less than minSamples, ${minSamples}`;
  }
  const misfit = parsed.decisions && decisionsMisfit(parsed.decisions, parsed.classes.length);
  return misfit === undefined ? parsed : `its metadata property ${metadataKey("decisions")}: ${misfit}`;
};
