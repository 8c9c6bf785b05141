import type { Figure } from "../../compiler/artifact/recipe.ts";
import { readProgress } from "../runs/checkpoint.ts";
import type { RunFolder } from "../runs/run-folder.ts";
import { readUsage } from "../runs/run-usage.ts";
import { readEvents } from "../runs/run-events.ts";
import { UserError } from "../user-error.ts";
import type { FoldResult } from "./summarize-folds.ts";

/**
 * What a finished run has found.
 * @throws UserError where its event log cannot be read or lacks evaluations
 */
export const readFoldResult = (
  folder: RunFolder,
  figure: Figure,
  place: Pick<FoldResult, "repeat" | "fold">,
): FoldResult => {
  const { metrics, usage } = folder;
  const { evaluations, averaged } = readEvents(metrics);
  const done = readProgress(folder)?.epochs ?? evaluations.length;
  if (evaluations.length !== done || evaluations.some(({ epoch }, index) => epoch !== index + 1)) {
    throw new UserError(
      "evaluations-missing",
      { path: metrics, epochs: done },
      `lacks some of the ${done} evaluations; delete the fold's folder`,
    );
  }
  const epochs = evaluations.map((evaluation) => evaluation[figure] ?? NaN);
  return { ...place, epochs, averaged: averaged?.[figure] ?? null, seconds: readUsage(usage)?.seconds ?? null };
};
