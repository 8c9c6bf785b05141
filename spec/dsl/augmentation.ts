/** What is done to training clips at random. It is part of the training program alone, driven by inputs that the runtime draws. */

/**
 * Mixes waveforms: share * clip + (1 - share) * partner, both without their mean, the partner cut or filled with zeros to the
 * clip's length; targets are mixed alike (section 3.1; the reference's dataloader.py). The partner is any training clip.
 */
export interface Mixup {
  readonly kind: "mixup";
  /** The share of clips that are mixed, from 0 to 1. The paper's is 0.5 (section 3.1). */
  readonly rate: number;
  /** Each mixture's share is drawn from Beta(alpha, alpha). Default 10, the authors'. */
  readonly alpha?: number;
}
export const mixup = (options: Omit<Mixup, "kind">): Mixup => ({ kind: "mixup", ...options });

/**
 * SpecAugment's frequency mask (Park et al. 2019): a band of less than so many bins, at a random place, becomes what
 * `padOrCut` fills with, 0 before normalisation, as in the reference's dataloader.py (`torchaudio.transforms.FrequencyMasking`).
 */
export interface MaskFrequency {
  readonly kind: "maskFrequency";
  /** What the band's width is drawn below, in mel bins, at least 2: from 0 to this less 1. The paper's is 48 (section 3.1). */
  readonly bins: number;
}
export const maskFrequency = (options: Omit<MaskFrequency, "kind">): MaskFrequency => ({
  kind: "maskFrequency",
  ...options,
});

/** SpecAugment's time mask: a stretch of less than so many frames, at a random place, becomes what `padOrCut` fills with (`TimeMasking`). */
export interface MaskTime {
  readonly kind: "maskTime";
  /** What the stretch's length is drawn below, in frames, at least 2: from 0 to this less 1. The paper's is 192, of 1,024 (section 3.1). */
  readonly frames: number;
}
export const maskTime = (options: Omit<MaskTime, "kind">): MaskTime => ({ kind: "maskTime", ...options });

/** Adds uniform noise from 0 to a level between 0 and 0.1, drawn per clip, to the normalised features (the reference's dataloader.py). */
export interface Noise {
  readonly kind: "noise";
}
export const noise = (): Noise => ({ kind: "noise" });

/** Rolls the normalised features in time by a number of frames between `from` and `to`, both included; what leaves comes in again. One number of whole turns is refused, as it moves nothing. */
export interface Roll {
  readonly kind: "roll";
  /** Frames, at the least; negative is backwards. Default -10, the reference's. */
  readonly from?: number;
  /** Frames, at the most. Default 9, the reference's. */
  readonly to?: number;
}
export const roll = (options: Omit<Roll, "kind"> = {}): Roll => ({ kind: "roll", ...options });

export type Augmentation = Mixup | MaskFrequency | MaskTime | Noise | Roll;
