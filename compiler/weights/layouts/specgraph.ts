/** Parameters as this compiler names them: a `graph.onnx`, or the `.safetensors` that `runtime export` writes of one. */
import * as v from "valibot";
import { type ArtifactMetadata, geometryKey, metadataKey } from "../../artifact/metadata.ts";
import type { WindowName } from "../../../spec/dsl/features.ts";
import { placeNames } from "../facts/geometry.ts";
import type { Checkpoint } from "../readers/checkpoint.ts";
import { CheckpointError } from "../readers/checkpoint-error.ts";
import type { SourceFacts, SourceFeatures } from "../facts/source-facts.ts";
import { type Layout, only } from "./layout.ts";
import { referenceRules } from "./reference-name.ts";

const keysOf = <T extends object>(object: T): (keyof T)[] => Object.keys(object) as (keyof T)[];

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const objectives = ["multi-label", "single-label"] as const satisfies readonly ArtifactMetadata["objective"][];
const names = v.array(v.string());
const windows = ["hanning", "hamming", "povey", "rectangular", "blackman"] as const satisfies readonly WindowName[];
const filters = v.object({
  removeMean: v.boolean(),
  window: v.picklist(windows),
  lowHz: v.number(),
  highHz: v.number(),
  preemphasis: v.number(),
});
const geometry = v.object({
  grid: v.object({ rows: count, columns: count }),
  positions: names,
  heads: v.exactOptional(count),
  norm: v.exactOptional(v.picklist(keysOf(placeNames))),
  pooling: v.exactOptional(names),
  classifier: v.exactOptional(v.string()),
  activation: v.exactOptional(v.string()),
  filters: v.exactOptional(filters),
});
const normalization = v.object({ mean: v.pipe(v.number(), v.finite()), scale: v.pipe(v.number(), v.gtValue(0)) });

/** undefined where the file, of another version, has no such property. */
const readProperty = <T>(
  { metadata }: Checkpoint,
  path: string,
  key: string,
  schema: v.GenericSchema<T>,
): T | undefined => {
  const text = metadata.get(key);
  if (text === undefined) return undefined;
  try {
    return v.parse(schema, JSON.parse(text));
  } catch {
    throw new CheckpointError(path, `its metadata property ${key} is damaged; compile or export it again`);
  }
};

const readFeatures = (
  checkpoint: Checkpoint,
  path: string,
  filters: SourceFeatures["filters"],
): SourceFeatures | undefined => {
  const read = <T>(property: keyof ArtifactMetadata, schema: v.GenericSchema<T>): T | undefined =>
    readProperty(checkpoint, path, metadataKey(property), schema);
  const { mean, scale } = read("normalization", normalization) ?? {};
  const [bins, frames] = [read("bins", count), read("frames", count)];
  const sampleRateHz = read("sampleRateHz", count);
  const [frameLengthSamples, frameShiftSamples] = [read("minSamples", count), read("frameShiftSamples", count)];
  if (mean === undefined || scale === undefined || bins === undefined || frames === undefined) return undefined;
  if (sampleRateHz === undefined || frameLengthSamples === undefined || frameShiftSamples === undefined) {
    return undefined;
  }
  return { file: path, mean, scale, bins, frames, sampleRateHz, frameLengthSamples, frameShiftSamples, filters };
};

const readFacts = (checkpoint: Checkpoint, path: string): SourceFacts => {
  const classNames = readProperty(checkpoint, path, metadataKey("classes"), names);
  const { filters = {}, ...told } = readProperty(checkpoint, path, geometryKey, geometry) ?? {};
  const features = readFeatures(checkpoint, path, filters);
  const objective = readProperty(checkpoint, path, metadataKey("objective"), v.picklist(objectives));
  return {
    ...told,
    ...(classNames ? { classNames } : {}),
    ...(features ? { features } : {}),
    ...(objective ? { objective } : {}),
  };
};

export const specgraph: Layout = {
  name: "specgraph",
  prefixes: [""],
  markers: ["blocks.0.residual1.attention.qkv.weight"],
  isDeclared: ({ metadata }) => metadata.has(geometryKey),
  grid: "any",
  facts: {},
  // What the reference does not have, such as another head, keeps its name.
  rules: [...referenceRules, only(/^(.+)$/, "$1")],
  readFacts,
};
