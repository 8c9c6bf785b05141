/** How samples without a header are stored, as ffmpeg names it: unsigned, signed or float, bits, the low byte first or the high one. */
export const sampleFormats = [
  "u8",
  "s8",
  "s16le",
  "s16be",
  "s24le",
  "s24be",
  "s32le",
  "s32be",
  "f32le",
  "f32be",
  "f64le",
  "f64be",
  "alaw",
  "mulaw",
] as const;

export type SampleFormat = (typeof sampleFormats)[number];
