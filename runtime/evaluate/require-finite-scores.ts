import { UserError } from "../user-error.ts";

/** @throws UserError naming the file whose scores are not numbers */
export const requireFiniteScores = (path: string, scores: Float32Array): void => {
  if (scores.every(Number.isFinite)) return;
  throw new UserError(
    "parameters-diverged",
    { path },
    "the model's scores are not finite numbers: its parameters diverged in training",
  );
};
