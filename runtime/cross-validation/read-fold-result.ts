import type { Figure } from "../../compiler/artifact.ts";
import { readText } from "../files/read-text.ts";
import { readProgress } from "../train/checkpoint.ts";
import type { RunFolder } from "../train/run-folder.ts";
import { readUsage } from "../train/run-usage.ts";
import type { TrainEvent } from "../train/train-event.ts";
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
  // A last line without its end was being written when the run was killed.
  const lines = readText(metrics).split("\n").slice(0, -1);
  const events = lines.map((line): TrainEvent => {
    try {
      return JSON.parse(line) as TrainEvent;
    } catch {
      throw new UserError(`${metrics}: the file is damaged; delete the fold's folder`);
    }
  });
  const told = events.flatMap((event) => (event.event === "eval" ? [event.epoch] : []));
  const done = readProgress(folder)?.epochs ?? told.length;
  if (told.length !== done || told.some((epoch, index) => epoch !== index + 1)) {
    throw new UserError(`${metrics}: lacks some of the ${done} evaluations; delete the fold's folder`);
  }
  const epochs = events.flatMap((event) => (event.event === "eval" ? [event[figure] ?? NaN] : []));
  const averaged = events.find((event) => event.event === "averaged");
  return { ...place, epochs, averaged: averaged?.[figure] ?? null, seconds: readUsage(usage)?.seconds ?? null };
};
