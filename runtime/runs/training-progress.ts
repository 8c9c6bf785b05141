/** How far a training has come: all that decides how it goes on. */
import * as v from "valibot";
import type { StoredTensor } from "../artifact/stored-tensor.ts";
import { countSchema } from "../text/json.ts";
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import type { Figures } from "../metrics/figures.ts";
import { type Best, trackBest, trackImprovement } from "./track-best.ts";

const bestSchema: v.GenericSchema<Best> = v.object({ value: v.number(), loss: v.number(), epoch: countSchema });

export const progressSchema = v.object({
  /** Epochs that are done and evaluated. */
  epochs: countSchema,
  /** Optimizer steps since the beginning. */
  steps: countSchema,
  /** Those of the epoch at hand. */
  epochSteps: countSchema,
  /** For the epoch's mean loss. */
  epochLoss: v.object({ sum: v.number(), clips: countSchema }),
  /** Decides what best.onnx is. */
  best: v.nullable(bestSchema),
  /** The best of the figure that early stopping watches. */
  watched: v.nullable(bestSchema),
  /** Epochs in the averaged parameters. */
  averaged: countSchema,
  /** Whether nothing is left to do but the averaged graph. */
  finished: v.boolean(),
});

export type TrainingProgress = Readonly<v.InferOutput<typeof progressSchema>>;

/** What a training goes on from. */
export interface TrainingState {
  readonly progress: TrainingProgress;
  /** Parameters and optimizer states, by name. */
  readonly states: ReadonlyMap<string, StoredTensor>;
  /** Sums of averaged parameters, by name; none before the first epoch that counts. */
  readonly sums: ReadonlyMap<string, StoredTensor>;
}

export const beginning: TrainingProgress = {
  epochs: 0,
  steps: 0,
  epochSteps: 0,
  epochLoss: { sum: 0, clips: 0 },
  best: null,
  watched: null,
  averaged: 0,
  finished: false,
};

/** @param step an optimizer step that is done; a loss that overflowed float16 has no part in the epoch's mean */
export const afterStep = (
  progress: TrainingProgress,
  { loss, clips }: { readonly loss: number; readonly clips: number },
): TrainingProgress => ({
  ...progress,
  steps: progress.steps + 1,
  epochSteps: progress.epochSteps + 1,
  epochLoss: Number.isFinite(loss)
    ? { sum: progress.epochLoss.sum + loss * clips, clips: progress.epochLoss.clips + clips }
    : progress.epochLoss,
});

export const isAveraged = ({ averaging }: Pick<Recipe, "averaging">, epoch: number): boolean =>
  averaging !== null && epoch >= averaging.from && epoch <= averaging.to;

/** Whether early stopping ended the training with its last epoch. */
export const isStalled = (
  { epochs, watched }: Pick<TrainingProgress, "epochs" | "watched">,
  { earlyStopping }: Pick<Recipe, "earlyStopping">,
): boolean => earlyStopping !== null && epochs - (watched?.epoch ?? 0) >= earlyStopping.patience;

/** @param totalSteps of the whole training: where they have become more, one that had made all of them has some left */
export const reopen = (
  progress: TrainingProgress,
  recipe: Pick<Recipe, "earlyStopping">,
  totalSteps: number,
): TrainingProgress => ({
  ...progress,
  finished: progress.finished && (isStalled(progress, recipe) || progress.steps >= totalSteps),
});

/**
 * @param figures of the evaluation that ends the epoch at hand
 * @param totalSteps optimizer steps of the whole training
 */
export const afterEpoch = (
  progress: TrainingProgress,
  figures: Figures,
  recipe: Pick<Recipe, "bestBy" | "averaging" | "earlyStopping">,
  totalSteps: number,
): TrainingProgress => {
  const epoch = progress.epochs + 1;
  const { bestBy, earlyStopping } = recipe;
  const best = trackBest(progress.best, bestBy, figures, epoch);
  const watched = earlyStopping && trackImprovement(progress.watched, earlyStopping.figure, figures, epoch);
  return {
    ...beginning,
    epochs: epoch,
    steps: progress.steps,
    best,
    watched,
    averaged: progress.averaged + Number(isAveraged(recipe, epoch)),
    finished: isStalled({ epochs: epoch, watched }, recipe) || progress.steps >= totalSteps,
  };
};
