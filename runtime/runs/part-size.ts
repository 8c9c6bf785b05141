import type { Recipe } from "../../compiler/artifact/recipe.ts";

/** Clips in a part of a step. */
export const partSize = ({ batch, accumulate }: Pick<Recipe, "batch" | "accumulate">): number =>
  Math.ceil(batch / accumulate);
