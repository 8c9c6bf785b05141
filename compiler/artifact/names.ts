/** What a graph calls its inputs and outputs, and how its clips are padded. */

/**
 * Stands in `waveform` where a clip has no sample: clips of one batch share a length, shorter ones are filled up with it.
 * The graph derives each clip's true length from it, so padding changes neither the clip's mean nor its frames.
 * It is float32's largest value, because not-a-number does not survive every GPU shader compiler.
 */
export const absentSample = 3.4028234663852886e38;

/** Names that are fixed for every model: inputs, outputs, and the normalised features wherever the graph starts. */
export const names = {
  waveform: "waveform",
  features: "input_values",
  /** float32 [batch, mixup_samples]: what each clip is mixed with. */
  mixupWaveform: "mixup_waveform",
  /** float32 [batch]: the clip's own share in the mixture. */
  mixupShare: "mixup_share",
  /** float32 [batch, 2]: first bin of the mask, and the one after its last. */
  frequencyMask: "frequency_mask",
  /** float32 [batch, 2]: first frame of the mask, and the one after its last. */
  timeMask: "time_mask",
  /** float32 [batch, frames, bins]: from 0 to 1. */
  noise: "noise",
  /** float32 [batch]: what the noise is multiplied by. */
  noiseLevel: "noise_level",
  /** int64 [batch * frames]: for each frame the one it is taken from. */
  frameOrder: "frame_order",
  targets: "targets",
  /** bool []: whether gradients are added to those of the batch before, or take their place. */
  accumulate: "accumulate",
  learningRate: "learning_rate",
  logits: "logits",
  scores: "scores",
  loss: "loss",
} as const;
