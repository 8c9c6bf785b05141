/** Which clips each part of an epoch's steps computes, and what chance decides about them: all of it before anything is loaded. */
import type { Recipe } from "../../compiler/artifact/metadata.ts";
import type { Clip } from "../data/dataset.ts";
import { groupsOf } from "../data/batches.ts";
import { epochOrder } from "../data/epoch-order.ts";
import { randomFrom, randomOf } from "../data/random.ts";
import type { FeatureSize } from "./augmentation-feeds.ts";
import { partSize } from "../runs/part-size.ts";
import { type ClipDraws, drawClip } from "./draw-clip.ts";

export interface EpochPlanOptions {
  readonly clips: readonly Clip[];
  readonly recipe: Recipe;
  readonly size: FeatureSize;
  /** From 1. */
  readonly epoch: number;
  /** The epoch's steps that are done, and its generator's state after them; null before the first. */
  readonly done: { readonly steps: number; readonly random: readonly number[] | null };
  /** With how many steps the epoch ends, at the latest. */
  readonly steps: number;
}

/** What one run of the training program computes. */
export interface PartPlan {
  readonly rows: readonly { readonly clip: Clip; readonly draws: ClipDraws; readonly partner: Clip | undefined }[];
  /** Whether the optimizer steps with it, or only adds up its gradients. */
  readonly endsStep: boolean;
  /** The epoch's steps before this part's own. */
  readonly step: number;
  /** The generator's state after this part's draws. */
  readonly random: readonly number[];
}

/**
 * The parts in order. One generator, which seed and epoch decide, draws the order of the clips and then what each needs,
 * clip after clip: its state after a step is all that the rest of the epoch depends on.
 */
export function* planEpoch(options: EpochPlanOptions): Generator<PartPlan, void, undefined> {
  const { clips, recipe, size, epoch, done, steps } = options;
  const { augmentation, batch } = recipe;
  const beginning = randomOf(recipe.seed, epoch);
  const order = epochOrder(clips, recipe.sampling, beginning);
  const random = done.random === null ? beginning : randomFrom(done.random);
  const planRow = (index: number): PartPlan["rows"] => {
    const clip = clips[index];
    if (!clip) return [];
    const draws = drawClip({ augmentation, clips: clips.length, ...size }, random);
    return [{ clip, draws, partner: draws.mixup ? clips[draws.mixup.partner] : undefined }];
  };
  let step = done.steps;
  for (const chosen of groupsOf(order.slice(step * batch, steps * batch), batch)) {
    let left = chosen.length;
    for (const part of groupsOf(chosen, partSize(recipe))) {
      const rows = part.flatMap(planRow);
      left -= part.length;
      yield { rows, endsStep: left === 0, step, random: random.state() };
    }
    step += 1;
  }
}
