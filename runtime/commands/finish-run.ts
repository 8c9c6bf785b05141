/** One of the runs of a command that makes several: begun, gone on with, or through since an earlier call. */
import { existsSync } from "node:fs";
import type { Figure } from "../../compiler/artifact/recipe.ts";
import { readFoldResult } from "../cross-validation/read-fold-result.ts";
import type { FoldRun } from "../cross-validation/plan-runs.ts";
import type { FoldResult } from "../cross-validation/summarize-folds.ts";
import { type Execution, runTraining } from "../library/run-training.ts";
import { runFolder } from "../runs/run-folder.ts";
import { orUnlock, unlockRun } from "../runs/run-lock.ts";
import { prepareNewRun } from "../train/prepare-new-run.ts";
import { prepareResumedRun } from "../train/prepare-resumed-run.ts";
import type { PreparedRun, PrepareOptions } from "../train/prepared-run.ts";
import { type ExitCode, exitCodes } from "./command.ts";
import type { Output } from "./output.ts";
import { showTraining } from "./show-training.ts";

export interface FinishOptions extends PrepareOptions {
  /** What its result is told by. */
  readonly figure: Figure;
  /** The command line, for the record. */
  readonly command: readonly string[];
  readonly checkpointMinutes: number | undefined;
}

const trainRun = async (prepared: PreparedRun, output: Output, execution: Execution): Promise<void> => {
  const { show, onProgress, clear } = showTraining(output);
  const onEvaluation = (clips: number, of: number): void => onProgress({ task: "evaluating", clips, of });
  try {
    for await (const event of runTraining(prepared, { ...execution, onEvaluation })) show(event);
  } finally {
    clear();
  }
};

/** What an earlier call found; undefined where there is still something to do, be it to evaluate the averaged parameters. */
const earlierResult = (
  { options: { checkpoint, folder } }: PreparedRun,
  figure: Figure,
  place: Pick<FoldRun, "repeat" | "fold">,
): FoldResult | undefined => {
  if (!checkpoint?.progress.finished) return undefined;
  const result = readFoldResult(folder, figure, place);
  return checkpoint.progress.averaged > 0 && result.averaged === null ? undefined : result;
};

/** @returns undefined where the signal ended it @throws UserError where it cannot be begun or gone on with */
export const finishRun = async (
  graph: string,
  { repeat, fold, path, options }: FoldRun,
  output: Output,
  { figure, command, checkpointMinutes, ...preparing }: FinishOptions,
): Promise<FoldResult | undefined> => {
  const { signal, note } = preparing;
  const prepared = existsSync(runFolder(path).config)
    ? await prepareResumedRun(path, graph, options, preparing)
    : await prepareNewRun(graph, options, { out: path, command, ...preparing });
  if (!prepared) return undefined;
  const earlier = await orUnlock(path, async () => earlierResult(prepared, figure, { repeat, fold }));
  if (earlier) unlockRun(path);
  else await trainRun(prepared, output, { signal, note, checkpointMinutes });
  if (signal.aborted) return undefined;
  return earlier ?? readFoldResult(prepared.options.folder, figure, { repeat, fold });
};

/** How such a command ends where one of its runs was interrupted. */
export const interrupted = ({ progress }: Output): ExitCode => {
  progress("interrupted; the same command goes on");
  return exitCodes.interrupted;
};
