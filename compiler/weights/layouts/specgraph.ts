/** Parameters as this compiler names them: a `graph.onnx`, or the `.safetensors` that `runtime export` writes of one. */
import * as v from "valibot";
import { type ArtifactMetadata, geometryKey } from "../../artifact/metadata.ts";
import { windowNames } from "../../lower/features/mel-filters.ts";
import { placeNames } from "../facts/geometry.ts";
import type { Checkpoint } from "../readers/checkpoint.ts";
import { readKey, readProperty } from "../readers/read-property.ts";
import type { SourceFacts, SourceFeatures } from "../facts/source-facts.ts";
import { type Layout, only } from "./layout.ts";
import { referenceRules } from "./reference-name.ts";

const keysOf = <T extends object>(object: T): (keyof T)[] => Object.keys(object) as (keyof T)[];

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const names = v.array(v.string());
const filters = v.object({
  removeMean: v.boolean(),
  window: v.picklist(windowNames),
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
const parseGeometry = (text: string) => v.parse(geometry, JSON.parse(text));

const readFeatures = (
  { metadata }: Checkpoint,
  path: string,
  filters: SourceFeatures["filters"],
): SourceFeatures | undefined => {
  const read = <Key extends keyof ArtifactMetadata>(property: Key) => readProperty(metadata, path, property);
  const { mean, scale } = read("normalization") ?? {};
  const [bins, frames, sampleRateHz] = [read("bins"), read("frames"), read("sampleRateHz")];
  const [frameLengthSamples, frameShiftSamples] = [read("minSamples"), read("frameShiftSamples")];
  if (mean === undefined || scale === undefined || bins === undefined || frames === undefined) return undefined;
  if (sampleRateHz === undefined || frameLengthSamples === undefined || frameShiftSamples === undefined) {
    return undefined;
  }
  return { file: path, mean, scale, bins, frames, sampleRateHz, frameLengthSamples, frameShiftSamples, filters };
};

const readFacts = (checkpoint: Checkpoint, path: string): SourceFacts => {
  const { metadata } = checkpoint;
  const classNames = readProperty(metadata, path, "classes");
  const { filters = {}, ...told } = readKey(metadata, path, geometryKey, parseGeometry) ?? {};
  const features = readFeatures(checkpoint, path, filters);
  const objective = readProperty(metadata, path, "objective");
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
