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

/** Multiplies the waveform: [batch, samples] -> same. BEATs' is 2^15, for which its 16-bit samples are whole numbers, as Kaldi reads them. */
export interface Gain {
  readonly kind: "gain";
  /** Greater than 0. */
  readonly factor: number;
}
export const gain = (factor: number): Gain => ({ kind: "gain", factor });

/** What pre-emphasis of a whole clip is, but for its coefficient. */
export interface PreemphasisOptions {
  /**
   * What becomes of the first sample, which has none before it. "kept": it stays as it is (`torchaudio.functional.preemphasis`). "dropped": it
   * is left out, so that a clip has one sample less (PaSST's convolution). Default "kept".
   */
  readonly first?: "kept" | "dropped";
}

/** x[i] - coefficient x[i - 1] over the whole clip, before frames are cut: [batch, samples] -> same. Kaldi's, frame by frame, is an option of its own. */
export interface Preemphasis extends PreemphasisOptions {
  readonly kind: "preemphasis";
  /** At least 0 and less than 1. PaSST's is 0.97. */
  readonly coefficient: number;
}
export const preemphasis = (coefficient: number, options: PreemphasisOptions = {}): Preemphasis => ({
  kind: "preemphasis",
  coefficient,
  ...options,
});

/** A window over a frame, by Kaldi's name; "povey" is "hanning" to the power of 0.85. */
export type WindowName = "hanning" | "hamming" | "povey" | "rectangular" | "blackman";

/** What Kaldi's filter bank is made with. */
export interface KaldiOptions {
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

/**
 * Kaldi's mel filter bank, [batch, samples] -> [batch, frames, bins]: per-frame DC removal, pre-emphasis, window, power spectrum, mel
 * filters without the Nyquist bin. Frames lie wholly inside the clip. `log` or `decibels` follows.
 * Source: `torchaudio.compliance.kaldi.fbank` with `use_log_fbank=False, htk_compat=True, use_energy=False, dither=0`.
 */
export interface KaldiMel extends KaldiOptions {
  readonly kind: "kaldiMel";
}
export const kaldiMel = (options: KaldiOptions): KaldiMel => ({ kind: "kaldiMel", ...options });

/**
 * Kaldi's log-mel filter bank, [batch, samples] -> [batch, frames, bins]: `kaldiMel` of the same options, then `log({ floor: 2 ** -23 })`.
 * Source: `torchaudio.compliance.kaldi.fbank` with `htk_compat=True, use_energy=False, dither=0`.
 */
export interface KaldiFbank extends KaldiOptions {
  readonly kind: "kaldiFbank";
}
export const kaldiFbank = (options: KaldiOptions): KaldiFbank => ({ kind: "kaldiFbank", ...options });

/**
 * A mel spectrogram as torchaudio and librosa have it, [batch, samples] -> [batch, frames, bins]: windows, a Fourier transform, mel filters
 * that are triangles in Hz. Its lengths are in samples, as models state theirs. `log` or `decibels` follows.
 * Source: `torchaudio.transforms.MelSpectrogram`.
 */
export interface MelSpectrogram {
  readonly kind: "melSpectrogram";
  /** Mel filters; torchaudio's `n_mels`. CED's are 64, PaSST's 128. */
  readonly bins: number;
  /** Of the Fourier transform, in samples: an even number up to 8192; torchaudio's `n_fft`. CED's are 512, PaSST's 1024. */
  readonly fftSamples: number;
  /** What the window spans in the middle of the transform, in samples; torchaudio's `win_length`. PaSST's are 800. Default `fftSamples`. */
  readonly windowSamples?: number;
  /** From one frame to the next, in samples; torchaudio's `hop_length`. CED's are 160, PaSST's 320. Default: half the window, rounded down. */
  readonly hopSamples?: number;
  /** Over a frame; torchaudio's `window_fn`. Default "hanning", which it calls Hann's. */
  readonly window?: WindowName;
  /** Whether the window is one period, as torch's are, rather than symmetric, as PaSST's and Kaldi's are. Default true. */
  readonly periodic?: boolean;
  /** 2: energies; 1: magnitudes. Default 2. */
  readonly power?: 1 | 2;
  /**
   * Whether frame i has its middle at sample i times the hop, for which the clip is reflected at both its ends (`center=True,
   * pad_mode="reflect"`); it then has more than half the transform's samples. Else frames lie wholly inside the clip. Default true.
   */
  readonly centered?: boolean;
  /**
   * "htk": triangles in Hz between places that are equally far on HTK's mel scale. "slaney": the same on Slaney's, which is linear up to 1 kHz.
   * "kaldi": triangles in mel, as Kaldi's are, and PaSST's. Default "htk".
   */
  readonly melScale?: "htk" | "slaney" | "kaldi";
  /** "slaney": each filter is divided by half its width in Hz. Default "none". */
  readonly norm?: "none" | "slaney";
  /** Lower edge of the first mel filter, in Hz. Default 0. */
  readonly lowHz?: number;
  /** Upper edge of the last mel filter, in Hz. Default: half the sample rate, rounded down. PaSST's is 15,000. */
  readonly highHz?: number;
}
export const melSpectrogram = (options: Omit<MelSpectrogram, "kind">): MelSpectrogram => ({
  kind: "melSpectrogram",
  ...options,
});

/** log(max(x, floor)): Kaldi's floor is 2^-23. */
export interface LogWithFloor {
  readonly kind: "log";
  /** What smaller values are raised to, greater than 0. */
  readonly floor: number;
}

/** log(x + plus): PaSST's is 1e-5. */
export interface LogWithOffset {
  readonly kind: "log";
  /** What is added to each value, greater than 0. */
  readonly plus: number;
}

export type Log = LogWithFloor | LogWithOffset;
/** The natural logarithm of mel energies, `log({ floor })` or `log({ plus })`: [batch, frames, bins] -> same. */
export const log = (options: Omit<LogWithFloor, "kind"> | Omit<LogWithOffset, "kind">): Log => ({
  kind: "log",
  ...options,
});

/**
 * Mel energies as decibels, 10 log10(max(x, floor) / reference), of magnitudes (`power: 1`) 20 log10: [batch, frames, bins] -> same.
 * Source: `torchaudio.transforms.AmplitudeToDB`.
 */
export interface Decibels {
  readonly kind: "decibels";
  /**
   * How far below the clip's greatest value smaller ones are raised to, in dB; 0 or more. The greatest is each clip's own, in the frames that it
   * has up to the length that it is cut to: torchaudio's for one clip (its 3-dimensional batches share one). CED's is 120. Default: none are.
   */
  readonly topDb?: number;
  /** What smaller values are raised to, greater than 0; torchaudio's `amin`. Default 1e-10. */
  readonly floor?: number;
  /** What is 0 dB, greater than 0; no less than `floor` counts. Default 1. */
  readonly reference?: number;
}
export const decibels = (options: Omit<Decibels, "kind"> = {}): Decibels => ({ kind: "decibels", ...options });

/** What stands where a clip has nothing. */
interface Filled {
  /**
   * What each bin of the frames that a clip does not have is, and what masks put in the place of others: a level, in the unit of what
   * `kaldiFbank`, `log` or `decibels` gives, before normalisation. Default 0, the reference's, whose log-mel has silence at -15.9. In dB 0 is
   * as loud as `reference`, and silence 10 log10(floor / reference): by default -100. With `normalize({ per: "clip" })` it is each clip's mean, whatever this
   * would say, so that it is refused there.
   */
  readonly fill?: number;
}

/** Cuts the spectrogram to so many frames, or appends frames of `fill`: [batch, any, bins] -> [batch, frames, bins]. */
export interface PadOrCut extends Filled {
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
export interface AnyLength extends Filled {
  readonly kind: "anyLength";
  /** The length that positions are held for, in frames: clips of about this length learn and are heard best. The paper's is 1,024. */
  readonly frames: number;
  /** Clips of fewer frames get frames of `fill` up to so many, as by `padOrCut`. A patch's frames, or more. */
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

/**
 * By each clip's own mean and deviation, over all bins of the frames that it has up to the length that it is cut to; the deviation is
 * `torch.std`'s, whose variance is divided by the count less one. Frames that it does not have are 0 afterwards.
 * Source: NeMo's `normalize_batch` with "all_features".
 */
export interface NormalizeEachClip {
  readonly kind: "normalize";
  readonly per: "clip";
  /** What is added to the deviation, greater than 0: silence has none. Default 1e-5. */
  readonly eps?: number;
}

export type Normalize = NormalizeByStatistics | NormalizeEachClip | FromCheckpoint;
/**
 * (x - mean) / std * to: [batch, frames, bins] -> same. `normalize({ mean, std })` by a data set's (PaSST's (x + 4.5) / 5 is mean -4.5, std 5),
 * `normalize({ per: "clip" })` by each clip's own, `normalize(fromCheckpoint())` by those that lie beside the weights.
 */
export const normalize = (
  options: Omit<NormalizeByStatistics, "kind"> | Omit<NormalizeEachClip, "kind"> | FromCheckpoint,
): Normalize => ("from" in options ? options : { kind: "normalize", ...options });

export type FeatureStep =
  | RemoveMean
  | Gain
  | Preemphasis
  | KaldiFbank
  | KaldiMel
  | MelSpectrogram
  | Log
  | Decibels
  | PadOrCut
  | AnyLength
  | Normalize;
