/** The feature pipeline: from a waveform to a normalised spectrogram. */

/** The model's input: a mono waveform in [-1, 1), float32 [batch, samples]. */
export interface Waveform {
  readonly kind: "waveform";
  readonly sampleRateHz: number;
}
export const waveform = (options: Omit<Waveform, "kind">): Waveform => ({ kind: "waveform", ...options });

/** Subtracts each clip's mean over all its samples. */
export interface RemoveMean {
  readonly kind: "removeMean";
}
export const removeMean = (): RemoveMean => ({ kind: "removeMean" });

export type WindowName = "hanning" | "hamming" | "povey" | "rectangular" | "blackman";

/**
 * Kaldi's log-mel filter bank, [batch, samples] -> [batch, frames, bins]: per-frame DC removal, pre-emphasis, window,
 * power spectrum, mel filters without the Nyquist bin, log(max(x, 2^-23)). Frames lie wholly inside the clip.
 * Source: `torchaudio.compliance.kaldi.fbank` with `htk_compat=True, use_energy=False, dither=0`.
 */
export interface KaldiFbank {
  readonly kind: "kaldiFbank";
  readonly bins: number;
  readonly frameLengthMs: number;
  readonly frameShiftMs: number;
  readonly window: WindowName;
  /** Lower edge of the first mel filter. Default 20. */
  readonly lowHz?: number;
  /** Upper edge of the last mel filter. Default: half the sample rate. */
  readonly highHz?: number;
  /** Default 0.97. */
  readonly preemphasis?: number;
}
export const kaldiFbank = (options: Omit<KaldiFbank, "kind">): KaldiFbank => ({ kind: "kaldiFbank", ...options });

/** Cuts the spectrogram to `frames`, or appends frames of zeros (zeros of the raw log-mel, as the reference does). */
export interface PadOrCut {
  readonly kind: "padOrCut";
  readonly frames: number;
}
export const padOrCut = (options: Omit<PadOrCut, "kind">): PadOrCut => ({ kind: "padOrCut", ...options });

/** Mean and deviation of the log-mel features over the data that a model learns from. */
export interface Statistics {
  readonly mean: number;
  readonly std: number;
}

/** (x - mean) / std * to. The data set's `mean` and `std` are those of the log-mel; the paper's `to` is 0.5. */
export interface NormalizeByStatistics extends Statistics {
  readonly kind: "normalize";
  /** Standard deviation after normalisation. Default 1. */
  readonly to?: number;
}

/** The normalisation that the checkpoint was trained with. */
export interface FromCheckpoint {
  readonly kind: "normalize";
  readonly from: "checkpoint";
}
/**
 * In place of mean and deviation: those that lie beside the checkpoint's weights, in a preprocessor_config.json (Hugging Face)
 * or in the metadata of a `graph.onnx`. An error where there are none.
 */
export const fromCheckpoint = (): FromCheckpoint => ({ kind: "normalize", from: "checkpoint" });

export type Normalize = NormalizeByStatistics | FromCheckpoint;
export const normalize = (options: Omit<NormalizeByStatistics, "kind"> | FromCheckpoint): Normalize =>
  "from" in options ? options : { kind: "normalize", ...options };

export type FeatureStep = RemoveMean | KaldiFbank | PadOrCut | Normalize;
