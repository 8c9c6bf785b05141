import { randomOf } from "./random.ts";

/** The order in which an epoch visits its clips, as indices: another one every epoch, the same for the same seed. */
export const epochOrder = (
  clips: number,
  { seed, epoch }: { readonly seed: number; readonly epoch: number },
): readonly number[] => randomOf(seed, epoch).shuffle(Array.from({ length: clips }, (_, index) => index));
