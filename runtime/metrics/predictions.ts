/** A model's answers over a whole set, each [clips, classes] in row-major order. */
export interface Predictions {
  readonly logits: Float32Array;
  readonly scores: Float32Array;
  /** A clip is of the classes above 0. */
  readonly targets: Float32Array;
}
