/** The reference's front end, and its recordings. */
import { readFileSync } from "node:fs";
import { kaldiLog, type NormalizedFeatures } from "../../compiler/ir/normalized-spec.ts";

/** The reference's filter bank, not normalised; how many frames is for each test to say. */
export const referenceFbank: NormalizedFeatures = {
  removeMean: true,
  gain: 1,
  emphasis: null,
  bins: 128,
  frameLengthSamples: 400,
  frameShiftSamples: 160,
  window: "hanning",
  lowHz: 20,
  highHz: 8000,
  preemphasis: 0.97,
  stft: null,
  compression: kaldiLog,
  frames: 1,
  fill: null,
  perClip: null,
  mean: 0,
  scale: 1,
};

/** A mono WAV file's 16-bit samples / 32768, as the reference reads them. */
export const readReferenceWav = (path: string): Float32Array => {
  const bytes = readFileSync(path);
  const start = bytes.indexOf("data", 0, "latin1") + 8;
  const length = bytes.readUInt32LE(start - 4) / 2;
  return Float32Array.from({ length }, (_, index) => bytes.readInt16LE(start + 2 * index) / 32_768);
};
