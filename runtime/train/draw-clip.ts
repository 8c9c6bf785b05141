/** What chance decides about one clip of a training step. */
import type { Augmentation } from "../../compiler/artifact/metadata.ts";
import { drawBeta } from "../data/draw-beta.ts";
import type { Random } from "../data/random.ts";

/** From the first masked bin or frame to the one after the last. */
export type Mask = readonly [start: number, end: number];

export interface ClipDraws {
  /** Another training clip, by its index, and the clip's own share in the mixture. */
  readonly mixup: { readonly partner: number; readonly share: number } | null;
  readonly frequencyMask: Mask;
  readonly timeMask: Mask;
  /** What the noise is multiplied by, and the key of its values, which would be too many to plan ahead. */
  readonly noise: { readonly level: number; readonly key: number };
  /** By how many frames the clip is shifted round. */
  readonly rollFrames: number;
}

export interface DrawOptions {
  readonly augmentation: Augmentation;
  /** How many clips there are to mix with. */
  readonly clips: number;
  readonly frames: number;
  readonly bins: number;
}

/** torchaudio 0.13's `mask_along_axis` for these uniforms in [0, 1). */
export const placeMask = (widest: number, size: number, uniformWidth: number, uniformStart: number): Mask => {
  const width = uniformWidth * widest;
  const start = Math.trunc(uniformStart * (size - width));
  return [start, start + Math.trunc(width)];
};

const drawMask = (widest: number | null, size: number, random: Random): Mask =>
  widest === null ? [0, 0] : placeMask(widest, size, random.uniform(0, 1), random.uniform(0, 1));

const drawMixup = (mixup: Augmentation["mixup"], clips: number, random: Random): ClipDraws["mixup"] => {
  if (mixup === null || random.uniform(0, 1) >= mixup.rate) return null;
  return { partner: random.below(clips), share: drawBeta(mixup.alpha, random) };
};

/** In the order of the reference (`dataloader.py`), which names every distribution. */
export const drawClip = ({ augmentation, clips, frames, bins }: DrawOptions, random: Random): ClipDraws => ({
  mixup: drawMixup(augmentation.mixup, clips, random),
  frequencyMask: drawMask(augmentation.frequencyMask, bins, random),
  timeMask: drawMask(augmentation.timeMask, frames, random),
  noise: augmentation.noise ? { level: random.uniform(0, 1) / 10, key: random.below(2 ** 32) } : { level: 0, key: 0 },
  rollFrames: augmentation.roll
    ? augmentation.roll.from + random.below(augmentation.roll.to - augmentation.roll.from + 1)
    : 0,
});
