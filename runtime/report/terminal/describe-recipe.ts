import type { Recipe, Schedule } from "../../../compiler/artifact/recipe.ts";

const describeSchedule = ({ warmup, ...schedule }: Schedule): readonly string[] => [
  ...(schedule.kind === "multiStep" ? [`times ${schedule.factor} after epochs ${schedule.milestones.join(", ")}`] : []),
  ...(schedule.kind === "cosine" ? [`a cosine to ${schedule.to} of it`] : []),
  ...(warmup ? [`${warmup.kind} warm-up of ${warmup.steps} steps`] : []),
];

/** A recipe in words; what it leaves at its default is not mentioned. */
export const describeRecipe = (recipe: Recipe): string => {
  const { learningRate, batch, accumulate, epochs, seed, averaging, earlyStopping } = recipe;
  return [
    `learning rate ${learningRate}`,
    ...describeSchedule(recipe.schedule),
    `${batch} clips a step${accumulate > 1 ? ` in ${accumulate} parts` : ""}`,
    `${epochs} epochs`,
    `seed ${seed}`,
    ...(recipe.sampling === "balanced" ? ["balanced sampling"] : []),
    ...recipe.augmentation,
    ...(averaging ? [`mean of epochs ${averaging.from} to ${averaging.to}`] : []),
    ...(earlyStopping ? [`ends after ${earlyStopping.patience} epochs without better ${earlyStopping.figure}`] : []),
    ...(recipe.precision === "float32" ? [] : ["mixed precision"]),
  ].join(", ");
};
