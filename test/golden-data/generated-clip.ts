/** The clips behind golden/features: 16 kHz mono, from formulas. */
import { generateTensor } from "./deterministic-tensor.ts";

const noise = (id: string, samples: number, scale: number, offset = 0): Float64Array =>
  Float64Array.from(generateTensor(`wave/${id}#public`, samples, scale), (value) => offset + value);

const clips = {
  sine1k: () => Float64Array.from({ length: 16_000 }, (_, n) => 0.5 * Math.sin((2 * Math.PI * 1000 * n) / 16_000)),
  noise: () => noise("noise", 16_000, 0.3),
  zeros: () => new Float64Array(16_000),
  dc: () => noise("dc", 16_000, 0.05, 0.4),
  one_frame: () => noise("one_frame", 400, 0.2),
} as const;

export type GeneratedClipId = keyof typeof clips;

/** The ids of all generated clips. */
export const generatedClipIds = Object.keys(clips) as GeneratedClipId[];

const roundHalfToEven = (value: number): number => {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
};

/** The clip's 16-bit samples. */
export const generatedClipPcm = (id: GeneratedClipId): Int16Array =>
  Int16Array.from(clips[id](), (value) => roundHalfToEven(value * 32_768));

/** The clip as a decoder returns it: 16-bit samples / 32768. */
export const generatedClip = (id: GeneratedClipId): Float32Array =>
  Float32Array.from(generatedClipPcm(id), (sample) => sample / 32_768);
