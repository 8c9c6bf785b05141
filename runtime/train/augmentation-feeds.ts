/** The training program's random inputs, of what was drawn for each clip. */
import { Tensor } from "../engine/onnxruntime.ts";
import type { Augmentation } from "../../compiler/artifact/metadata.ts";
import { names } from "../../compiler/artifact/names.ts";
import { randomOf } from "../data/random.ts";
import type { Tensors } from "../engine/state-store.ts";
import type { ClipDraws, Mask } from "./draw-clip.ts";

export interface FeatureSize {
  readonly frames: number;
  readonly bins: number;
}

const maskTensor = (masks: readonly Mask[]): Tensor =>
  new Tensor("float32", Float32Array.from(masks.flat()), [masks.length, 2]);

const noiseTensor = (draws: readonly ClipDraws[], { frames, bins }: FeatureSize): Tensor => {
  const values = new Float32Array(draws.length * frames * bins);
  draws.forEach(({ noise }, row) => {
    randomOf(noise.key).fill(values.subarray(row * frames * bins, (row + 1) * frames * bins));
  });
  return new Tensor("float32", values, [draws.length, frames, bins]);
};

/** For each frame of the batch the one it is taken from: `torch.roll` along the clip's frames. */
const frameOrderTensor = (draws: readonly ClipDraws[], frames: number): Tensor => {
  const order = new BigInt64Array(draws.length * frames);
  draws.forEach(({ rollFrames }, row) => {
    for (let frame = 0; frame < frames; frame++) {
      const source = (((frame - rollFrames) % frames) + frames) % frames;
      order[row * frames + frame] = BigInt(row * frames + source);
    }
  });
  return new Tensor("int64", order, [order.length]);
};

/** All but the mixture's partners, which are clips: those that the augmentation has. */
export const augmentationFeeds = (
  draws: readonly ClipDraws[],
  { mixup, frequencyMask, timeMask, noise, roll }: Augmentation,
  size: FeatureSize,
): Tensors => {
  const clips = [draws.length];
  const shares = draws.map(({ mixup }) => mixup?.share ?? 1);
  const levels = draws.map(({ noise }) => noise.level);
  return {
    ...(mixup && { [names.mixupShare]: new Tensor("float32", Float32Array.from(shares), clips) }),
    ...(frequencyMask !== null && { [names.frequencyMask]: maskTensor(draws.map((draw) => draw.frequencyMask)) }),
    ...(timeMask !== null && { [names.timeMask]: maskTensor(draws.map((draw) => draw.timeMask)) }),
    ...(noise && {
      [names.noise]: noiseTensor(draws, size),
      [names.noiseLevel]: new Tensor("float32", Float32Array.from(levels), clips),
    }),
    ...(roll && { [names.frameOrder]: frameOrderTensor(draws, size.frames) }),
  };
};
