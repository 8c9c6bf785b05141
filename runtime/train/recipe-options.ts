/** A graph's recipe, with the changes of a run. */
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { partSize } from "../data/batches.ts";
import { UserError } from "../user-error.ts";

/** The recipe's, unless given. */
export interface RecipeOptions {
  readonly epochs?: number | undefined;
  /** After which training ends, whatever the epochs. */
  readonly steps?: number | undefined;
  /** Clips in a step. */
  readonly batch?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly seed?: number | undefined;
}

/** Statistics over clips need some: with fewer, what takes them would learn nothing of the data, in silence. */
const requireClipsAtOnce = ({ clipsAtOnce = 1 }: ArtifactMetadata, recipe: Recipe): void => {
  if (partSize(recipe) >= clipsAtOnce) return;
  const { batch, accumulate } = recipe;
  const least = (clipsAtOnce - 1) * accumulate + 1;
  const parts = accumulate > 1 ? ` in ${accumulate} parts` : "";
  throw new UserError(
    "batch-too-small",
    { option: "batch", batch, least },
    `${batch}: the graph takes statistics over ${clipsAtOnce} clips or more at once; expected at least ${least}${parts}`,
  );
};

/** @throws UserError where its steps have too few clips for the graph */
export const recipeFor = (
  { metadata }: Pick<Artifact, "metadata">,
  { batch, learningRate, seed, epochs, steps }: RecipeOptions,
): Recipe => {
  const own = metadata.recipe;
  const recipe = {
    ...own,
    batch: batch ?? own.batch,
    learningRate: learningRate ?? own.learningRate,
    seed: seed ?? own.seed,
    // Steps alone mean as many epochs as they take.
    epochs: epochs ?? (steps === undefined ? own.epochs : Infinity),
  };
  requireClipsAtOnce(metadata, recipe);
  return recipe;
};

/** What a recipe made for more data comes to; undefined where its learning rate is reached. */
export const describeWarmup = (recipe: Recipe, totalSteps: number): string | undefined => {
  const steps = recipe.schedule.warmup?.steps ?? 0;
  if (steps < totalSteps) return undefined;
  return `the learning rate is not reached: its warm-up takes ${steps} steps, and the whole training has ${totalSteps}`;
};
