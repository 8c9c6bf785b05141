/** Decoded samples: one array per channel, all of one length, [-1, 1) for integer formats. */
export interface DecodedAudio {
  readonly channels: readonly Float32Array[];
  readonly sampleRateHz: number;
}
