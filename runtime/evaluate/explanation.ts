/** What a model sees of a clip, and where in it its attention lies. */

/** What a model sees: log-mel features, normalised as its graph does. */
export interface Spectrogram {
  /** [frames, bins] in row-major order, low bins first; frames beyond the clip's end are all alike. */
  readonly values: Float32Array;
  /** As many as the model takes. */
  readonly frames: number;
  /** Those that lie within the clip. */
  readonly framesHeard: number;
  readonly bins: number;
  /** From the start of one frame to that of the next. */
  readonly frameShiftSeconds: number;
  /** Where each bin's filter is highest. */
  readonly binsHz: readonly number[];
}

/** Where a patch lies in time. */
export interface PatchTime {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Its frames: [first, end). */
  readonly frames: readonly [first: number, end: number];
}

/** Where a patch lies in frequency. */
export interface PatchBand {
  readonly lowHz: number;
  readonly highHz: number;
  /** Its bins: [first, end). */
  readonly bins: readonly [first: number, end: number];
}

/** How much of each patch reaches what the head reads, by attention rollout. */
export interface AttentionMap {
  /** [times, bands] in row-major order, low bands first; they sum to 1. */
  readonly values: Float32Array;
  /** Of the patches along time; where patches overlap, so do these. */
  readonly times: readonly PatchTime[];
  /** Of the patches along frequency. */
  readonly bands: readonly PatchBand[];
}
