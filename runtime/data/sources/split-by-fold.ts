import { UserError } from "../../user-error.ts";
import type { Split } from "../dataset.ts";

/**
 * The split that an evaluation fold makes of the folds; of one fold alone, none.
 * @param path the list's
 * @param chosen the fold to evaluate on; default: the lowest
 * @throws UserError where there is no such fold
 */
export const splitByFold = (
  path: string,
  rows: readonly { readonly fold?: number | undefined }[],
  chosen: number | undefined,
): ((fold: number | undefined) => Split | undefined) => {
  const folds = [...new Set(rows.flatMap(({ fold }) => fold ?? []))].sort((a, b) => a - b);
  if (chosen !== undefined && folds.length === 0) {
    throw new UserError(
      "no-folds",
      { option: "fold", data: path },
      `chooses one of the folds that data has; ${path} has none`,
    );
  }
  const evaluation = chosen ?? folds[0];
  if (evaluation !== undefined && !folds.includes(evaluation)) {
    throw new UserError(
      "fold-unknown",
      { path, fold: evaluation, folds },
      `there is no fold ${evaluation}; the folds are ${folds.join(", ")}`,
    );
  }
  return (fold) => {
    if (fold === undefined || (folds.length === 1 && chosen === undefined)) return undefined;
    return fold === evaluation ? "test" : "train";
  };
};
