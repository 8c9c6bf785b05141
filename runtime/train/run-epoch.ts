import type { Recipe } from "../../compiler/artifact/recipe.ts";
import type { Clip } from "../data/dataset.ts";
import { loadAhead } from "../data/load-ahead.ts";
import { learningRateAt } from "./learning-rate-at.ts";
import { loadPart } from "./load-part.ts";
import { planEpoch } from "./plan-epoch.ts";
import { runSteps, type StepDone } from "./run-steps.ts";
import type { Training } from "./training.ts";
import type { TrainingProgress } from "../runs/training-progress.ts";

/** How many optimizer steps a training makes. */
export const countSteps = ({
  clips,
  recipe,
  steps,
}: {
  readonly clips: readonly Clip[];
  readonly recipe: Recipe;
  readonly steps: number;
}): number => Math.min(steps, recipe.epochs * Math.ceil(clips.length / recipe.batch));

/** The steps of the epoch at hand that are left, each when it is done; their clips are loaded ahead. */
export const runEpoch = (
  { options, session, clips: { loadToTrain: load } }: Pick<Training, "options" | "session" | "clips">,
  progress: TrainingProgress,
): AsyncIterable<StepDone> => {
  const { artifact, recipe, clips } = options;
  const { metadata } = artifact;
  const [totalSteps, stepsBefore] = [countSteps(options), progress.steps - progress.epochSteps];
  const epoch = progress.epochs + 1;
  const stepsPerEpoch = Math.ceil(clips.length / recipe.batch);
  const plan = planEpoch({
    clips,
    recipe,
    epoch,
    done: progress.epochSteps,
    steps: totalSteps - stepsBefore,
  });
  const parts = loadAhead(plan, (part) => {
    const learningRate = learningRateAt(recipe, { step: stepsBefore + part.step, stepsPerEpoch, totalSteps });
    return loadPart(part, { metadata, seed: recipe.seed, epoch, clips, load, learningRate });
  });
  return runSteps(session, parts);
};
