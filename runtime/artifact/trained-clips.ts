/** Which clips a graph was trained on: in its metadata, so that they are known wherever the graph is. */
import * as v from "valibot";
import { countSchema, parseJson } from "../text/json.ts";
import { trainedClipsKey } from "../../compiler/artifact/metadata.ts";
import type { Artifact } from "./decode-artifact.ts";

export interface TrainedClips {
  /** How many different ones there are, or at least are. */
  readonly clips: number;
  /** Their fingerprints; of many, the lowest, which are a fair sample. */
  readonly fingerprints: ReadonlySet<string>;
  /** Those up to this one are known; undefined where all are. */
  readonly knownTo: string | undefined;
}

/** 5 bytes each. */
const keptAtMost = 32_768;
const hexDigits = 10;

const schema = v.object({
  clips: countSchema,
  /** Rising, in base64. */
  fingerprints: v.pipe(v.string(), v.base64()),
});

/** @param clips how many there are, where more is known than their fingerprints */
export const trainedClips = (fingerprints: Iterable<string>, clips = 0): TrainedClips => {
  const rising = [...new Set(fingerprints)].sort();
  const kept = rising.slice(0, keptAtMost);
  const count = Math.max(clips, rising.length);
  return {
    clips: count,
    fingerprints: new Set(kept),
    knownTo: count > kept.length ? (kept.at(-1) ?? "") : undefined,
  };
};

const encode = (fingerprints: Iterable<string>): string => {
  const bytes = [...fingerprints].join("").matchAll(/../g);
  return btoa(Array.from(bytes, ([byte]) => String.fromCharCode(Number.parseInt(byte, 16))).join(""));
};

const decode = (base64: string): readonly string[] => {
  const bytes = Array.from(atob(base64), (character) => character.charCodeAt(0).toString(16).padStart(2, "0"));
  return Array.from({ length: Math.floor((2 * bytes.length) / hexDigits) }, (_, index) =>
    bytes.slice((index * hexDigits) / 2, ((index + 1) * hexDigits) / 2).join(""),
  );
};

/** @returns undefined where the graph does not tell: it was never trained, or by an earlier version */
export const trainedClipsOf = ({ model }: Pick<Artifact, "model">): TrainedClips | undefined => {
  const text = model.metadataProps?.find(({ key }) => key === trainedClipsKey)?.value ?? "";
  const told = parseJson(schema, text);
  return told && trainedClips(decode(told.fingerprints), told.clips);
};

/** The graph with these clips besides those that it was trained on before. */
export const withTrainedClips = (artifact: Artifact, fingerprints: Iterable<string>): Artifact => {
  const earlier = trainedClipsOf(artifact);
  const { clips, fingerprints: kept } = trainedClips(
    [...(earlier?.fingerprints ?? []), ...fingerprints],
    earlier?.clips,
  );
  const value = JSON.stringify({ clips, fingerprints: encode(kept) });
  const others = (artifact.model.metadataProps ?? []).filter(({ key }) => key !== trainedClipsKey);
  return { ...artifact, model: { ...artifact.model, metadataProps: [...others, { key: trainedClipsKey, value }] } };
};
