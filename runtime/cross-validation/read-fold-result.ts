import type { Figure } from "../../compiler/artifact.ts";
import { readText } from "../session/read-text.ts";
import type { RunFolder } from "../train/run-folder.ts";
import { readUsage } from "../train/run-usage.ts";
import type { TrainEvent } from "../train/train-event.ts";
import { UserError } from "../user-error.ts";
import type { FoldResult } from "./summarize-folds.ts";

/**
 * What a finished run has found.
 * @throws UserError where its event log cannot be read
 */
export const readFoldResult = (
  { metrics, usage }: RunFolder,
  figure: Figure,
  place: Pick<FoldResult, "repeat" | "fold">,
): FoldResult => {
  // A last line without its end was being written when the run was killed.
  const lines = readText(metrics).split("\n").slice(0, -1);
  const events = lines.map((line): TrainEvent => {
    try {
      return JSON.parse(line) as TrainEvent;
    } catch {
      throw new UserError(`${metrics}: the file is damaged; delete the fold's folder`);
    }
  });
  const epochs = events.flatMap((event) => (event.event === "eval" ? [event[figure] ?? NaN] : []));
  const averaged = events.find((event) => event.event === "averaged");
  return { ...place, epochs, averaged: averaged?.[figure] ?? null, seconds: readUsage(usage)?.seconds ?? null };
};
