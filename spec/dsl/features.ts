/** The feature pipeline: from a waveform to a normalised spectrogram. */

/** The model's input: a mono waveform in [-1, 1), float32 [batch, samples]. */
export interface Waveform {
  readonly kind: "waveform";
  /** Samples a second, in Hz. The runtime resamples clips of another rate. The paper's is 16,000. */
  readonly sampleRateHz: number;
}
export const waveform = (options: Omit<Waveform, "kind">): Waveform => ({ kind: "waveform", ...options });

/** Subtracts each clip's mean over all its samples, [batch, samples] -> same. */
export interface RemoveMean {
  readonly kind: "removeMean";
}
export const removeMean = (): RemoveMean => ({ kind: "removeMean" });

/** A window over a frame, by Kaldi's name; "povey" is "hanning" to the power of 0.85. */
export type WindowName = "hanning" | "hamming" | "povey" | "rectangular" | "blackman";

/**
 * Kaldi's log-mel filter bank, [batch, samples] -> [batch, frames, bins]: per-frame DC removal, pre-emphasis, window,
 * power spectrum, mel filters without the Nyquist bin, log(max(x, 2^-23)). Frames lie wholly inside the clip.
 * Source: `torchaudio.compliance.kaldi.fbank` with `htk_compat=True, use_energy=False, dither=0`.
 */
export interface KaldiFbank {
  readonly kind: "kaldiFbank";
  /** Mel filters. The paper's are 128 (section 2.1). */
  readonly bins: number;
  /** What a frame spans, in milliseconds. The paper's is 25 (section 2.1). */
  readonly frameLengthMs: number;
  /** From one frame's start to the next's, in milliseconds. The paper's is 10 (section 2.1). */
  readonly frameShiftMs: number;
  /** The paper names Hamming's (section 2.1); the authors' code, and so its checkpoints, have "hanning". */
  readonly window: WindowName;
  /** Lower edge of the first mel filter, in Hz. Default 20. */
  readonly lowHz?: number;
  /** Upper edge of the last mel filter, in Hz. Default: half the sample rate. */
  readonly highHz?: number;
  /** c in the pre-emphasis x[i] - c x[i - 1]. Default 0.97. */
  readonly preemphasis?: number;
}
export const kaldiFbank = (options: Omit<KaldiFbank, "kind">): KaldiFbank => ({ kind: "kaldiFbank", ...options });

/**
 * Cuts the spectrogram to so many frames, or appends frames of zeros (zeros of the raw log-mel, as the reference does):
 * [batch, any, bins] -> [batch, frames, bins].
 */
export interface PadOrCut {
  readonly kind: "padOrCut";
  /** The length that the network sees, in frames. The paper's is 1,024 for AudioSet's ten seconds. */
  readonly frames: number;
}
export const padOrCut = (options: Omit<PadOrCut, "kind">): PadOrCut => ({ kind: "padOrCut", ...options });

/**
 * In the place of `padOrCut`: leaves each clip the frames that it has. The network computes as many as the longest clip of the batch has,
 * and of shorter clips leaves out what they do not have; the positions are fitted to each clip's own patches, cut from the centre of
 * those that are held or interpolated, as a checkpoint's are to another length. So each clip gets what the network would answer with
 * `padOrCut({ frames })` of that clip's frames: [batch, any, bins] -> [batch, the longest, bins].
 */
export interface AnyLength {
  readonly kind: "anyLength";
  /** The length that positions are held for, in frames: clips of about this length learn and are heard best. The paper's is 1,024. */
  readonly frames: number;
  /** Clips of fewer frames get frames of zeros up to so many, as by `padOrCut`. A patch's frames, or more. */
  readonly least: number;
  /** Clips of more frames are cut to so many, which bounds the memory that a clip takes. Default 3,072, or `frames` if these are more. */
  readonly most?: number;
}
export const anyLength = (options: Omit<AnyLength, "kind">): AnyLength => ({ kind: "anyLength", ...options });

/** Mean and deviation of the log-mel features over the data that a model learns from; `runtime stats` measures them. */
export interface Statistics {
  /** Of the log-mel, before normalisation. */
  readonly mean: number;
  /** Of the log-mel, before normalisation. */
  readonly std: number;
}

/** By a data set's mean and deviation. */
export interface NormalizeByStatistics extends Statistics {
  readonly kind: "normalize";
  /** The deviation after normalisation. The paper's is 0.5 (section 2.2). Default 1. */
  readonly to?: number;
}

/** The normalisation that the checkpoint was trained with. */
export interface FromCheckpoint {
  readonly kind: "normalize";
  readonly from: "checkpoint";
}
/**
 * Stands for mean and deviation: those that lie beside the checkpoint's weights, in a preprocessor_config.json (Hugging Face)
 * or in the metadata of a `graph.onnx`. An error where there are none.
 */
export const fromCheckpoint = (): FromCheckpoint => ({ kind: "normalize", from: "checkpoint" });

export type Normalize = NormalizeByStatistics | FromCheckpoint;
/** (x - mean) / std * to: [batch, frames, bins] -> same; or `normalize(fromCheckpoint())`. */
export const normalize = (options: Omit<NormalizeByStatistics, "kind"> | FromCheckpoint): Normalize =>
  "from" in options ? options : { kind: "normalize", ...options };

export type FeatureStep = RemoveMean | KaldiFbank | PadOrCut | AnyLength | Normalize;
