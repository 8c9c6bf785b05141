/** What a graph is, in words. */
import { formatBytes } from "../../../compiler/artifact/format-number.ts";
import type { Recipe, Schedule } from "../../../compiler/artifact/recipe.ts";
import { printable } from "../../../compiler/artifact/printable.ts";
import { type StoredTensor, readTensor } from "../../artifact/stored-tensor.ts";

/** A tensor's shape and what its values are like. */
export interface TensorDescription {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly count: number;
  readonly mean: number;
  /** Of all values, not of a sample. */
  readonly std: number;
}

/** Reads a tensor to describe it. */
export const describeTensor = async (tensor: StoredTensor): Promise<TensorDescription> => {
  const values = Float64Array.from(await readTensor(tensor), Number);
  const count = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / count;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / count;
  return { name: tensor.name, shape: tensor.dims, dtype: tensor.type, count, mean, std: Math.sqrt(variance) };
};

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
    ...recipe.augmentation.map(printable),
    ...(averaging ? [`mean of epochs ${averaging.from} to ${averaging.to}`] : []),
    ...(earlyStopping ? [`ends after ${earlyStopping.patience} epochs without better ${earlyStopping.figure}`] : []),
    ...(recipe.precision === "float32" ? [] : ["mixed precision"]),
    ...(recipe.memoryBytes === undefined ? [] : [`${formatBytes(recipe.memoryBytes)} of memory allowed`]),
  ].join(", ");
};
