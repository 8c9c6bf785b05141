/** Which clips each part of an epoch's steps computes: all of it before anything is loaded. */
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import type { Clip } from "../data/dataset.ts";
import { groupsOf, partSize } from "../data/batches.ts";
import { epochOrder } from "../data/epoch-order.ts";
import { randomOf } from "../data/random.ts";

export interface EpochPlanOptions {
  readonly clips: readonly Clip[];
  readonly recipe: Recipe;
  /** From 1. */
  readonly epoch: number;
  /** The epoch's steps that are done. */
  readonly done: number;
  /** With how many steps the epoch ends, at the latest. */
  readonly steps: number;
}

/** What one run of the training program computes. */
export interface PartPlan {
  /** Clips, with their places in the epoch's order, which decide what is drawn for them. */
  readonly rows: readonly { readonly clip: Clip; readonly place: number }[];
  /** Whether the optimizer steps with it, or only adds up its gradients. */
  readonly endsStep: boolean;
  /** The epoch's steps before this part's own. */
  readonly step: number;
}

/** The parts in order, which seed and epoch decide. */
export function* planEpoch(options: EpochPlanOptions): Generator<PartPlan, void, undefined> {
  const { clips, recipe, epoch, done, steps } = options;
  const { batch, sampling, seed } = recipe;
  const order = epochOrder(clips, sampling, randomOf(seed, epoch));
  const rows = order.flatMap((index, place) => (clips[index] ? [{ clip: clips[index], place }] : []));
  let step = done;
  for (const chosen of groupsOf(rows.slice(step * batch, steps * batch), batch)) {
    let left = chosen.length;
    for (const part of groupsOf(chosen, partSize(recipe))) {
      left -= part.length;
      yield { rows: part, endsStep: left === 0, step };
    }
    step += 1;
  }
}
