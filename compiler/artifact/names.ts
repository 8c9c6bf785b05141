/** What a graph calls its inputs and outputs, and how its clips are padded. */

/**
 * Stands in `waveform` where a clip has no sample: clips of one batch share a length, shorter ones are filled up with it.
 * The graph derives each clip's true length from it, so padding changes neither the clip's mean nor its frames.
 * It is float32's largest value, because not-a-number does not survive every GPU shader compiler.
 */
export const absentSample = 3.4028234663852886e38;

/** Names that are fixed for every model: inputs, outputs, and the normalised features wherever the graph starts. Random inputs have others (`draws.ts`). */
export const names = {
  waveform: "waveform",
  features: "input_values",
  targets: "targets",
  /** bool []: whether gradients are added to those of the batch before, or take their place. */
  accumulate: "accumulate",
  learningRate: "learning_rate",
  logits: "logits",
  scores: "scores",
  /** [batch, width]: what the last dense layer takes. */
  embedding: "embedding",
  /** [batch, tokens]: how much of each token the head reads, by attention rollout. */
  attention: "attention",
  loss: "loss",
} as const;

/** The state of a parameter's gradient. */
export const gradientName = (parameter: string): string => `gradient.${parameter}`;
