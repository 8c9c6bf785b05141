/** Parameters as this compiler names them: a `graph.onnx`, or the `.safetensors` that `runtime export` writes of one. */
import * as v from "valibot";
import { type ArtifactMetadata, geometryKey } from "../../artifact/metadata.ts";
import { kaldiLog } from "../../ir/normalized-spec.ts";
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
/** Kaldi's where a file does not tell: it was written before there were others. */
const filters = v.object({
  removeMean: v.boolean(),
  gain: v.optional(v.number(), 1),
  emphasis: v.nullish(v.object({ coefficient: v.number(), first: v.picklist(["kept", "dropped"]) }), null),
  window: v.picklist(windowNames),
  lowHz: v.number(),
  highHz: v.number(),
  preemphasis: v.number(),
  stft: v.nullish(
    v.object({
      windowSamples: count,
      periodic: v.boolean(),
      power: v.picklist([1, 2]),
      centered: v.boolean(),
      melScale: v.picklist(["htk", "slaney", "kaldi"]),
      norm: v.picklist(["none", "slaney"]),
    }),
    null,
  ),
  compression: v.optional(
    v.union([
      v.strictObject({ kind: v.literal("log"), floor: v.number() }),
      v.strictObject({ kind: v.literal("log"), plus: v.number() }),
      v.strictObject({
        kind: v.literal("decibels"),
        topDb: v.exactOptional(v.number()),
        floor: v.number(),
        reference: v.number(),
      }),
    ]),
    kaldiLog,
  ),
  perClip: v.nullish(v.object({ eps: v.number() }), null),
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
  const [minSamples, frameShiftSamples, reflectedSamples] = [
    read("minSamples"),
    read("frameShiftSamples"),
    read("reflectedSamples"),
  ];
  if (mean === undefined || scale === undefined || bins === undefined || frames === undefined) return undefined;
  if (sampleRateHz === undefined || minSamples === undefined || frameShiftSamples === undefined) return undefined;
  const dropped = filters.emphasis?.first === "dropped" ? 1 : 0;
  const frameLengthSamples = reflectedSamples === undefined ? minSamples - dropped : 2 * reflectedSamples;
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
