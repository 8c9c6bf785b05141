/** A training, as `train` and `cv` show it. */
import { printable } from "../../compiler/artifact/printable.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import type { Clip } from "../data/dataset.ts";
import { openClips } from "../evaluate/open-clips.ts";
import type { Output } from "./output.ts";
import { formatBytes } from "../../compiler/artifact/format-number.ts";
import { writeReport } from "../report/html/write-report.ts";
import { createNarrator } from "../report/terminal/create-narrator.ts";
import type { PreparedRun } from "../train/prepared-run.ts";
import { partSize } from "../data/batches.ts";
import { countSteps } from "../train/run-epoch.ts";
import { unlockRun } from "../runs/run-lock.ts";
import { peakMemoryBytes } from "../runs/run-usage.ts";
import { openBoard } from "../report/tensorboard/open-board.ts";
import { train } from "../train/train.ts";
import type { TrainEvent } from "../runs/run-events.ts";

/** Besides the run itself. */
export interface Execution {
  readonly output: Output;
  readonly signal: AbortSignal;
  /** How often to save within an epoch. Default 10. */
  readonly checkpointMinutes?: number | undefined;
}

const describe = ({ options, data }: PreparedRun): string => {
  const { artifact, recipe, clips, evaluationClips, testClips, checkpoint } = options;
  const parts = recipe.accumulate > 1 ? ` in parts of ${partSize(recipe)}` : "";
  const done = checkpoint ? `, ${checkpoint.progress.steps} of them done` : "";
  const test = testClips.length > 0 ? `, ${testClips.length} to test at the end` : "";
  const steps = countSteps(options);
  return (
    `${printable(artifact.metadata.specName)}: ${data}, ${clips.length} clips to train on and ${evaluationClips.length} to evaluate on${test}; ` +
    `${steps} ${plural(steps, "step")} of ${recipe.batch} clips${parts}${done}`
  );
};

/**
 * Trains, to the end or the signal, and tells how it goes: on the terminal, to programs, to TensorBoard, and at the end on a page.
 * The run's folder is let go of then.
 * @throws UserError as `train` does
 */
export const runTraining = async (prepared: PreparedRun, execution: Execution): Promise<void> => {
  try {
    await execute(prepared, execution);
  } finally {
    unlockRun(prepared.options.folder.path);
  }
};

const execute = async (prepared: PreparedRun, { output, signal, checkpointMinutes = 10 }: Execution): Promise<void> => {
  const { artifact, folder, checkpoint } = prepared.options;
  output.progress(describe(prepared));
  const started = performance.now();
  const narrator = createNarrator(prepared.options, output);
  const board = openBoard(folder.path, checkpoint?.progress.steps ?? 0);
  const clips = openClips(artifact);
  const { onEvaluation } = narrator;
  const { note } = output;
  let isDescribed = false;
  const { leaveOut: record } = prepared.options;
  const leaveOut =
    record &&
    (async (clip: Clip, reason: string): Promise<void> => {
      narrator.clear();
      note(`${reason}; it is left out`);
      await record(clip, reason);
    });
  const { load } = clips;
  const events = train({ ...prepared.options, load, leaveOut, checkpointMinutes, signal, note, onEvaluation });
  let done: TrainEvent | undefined;
  try {
    for await (const event of events) {
      if (event.event === "done") done = event;
      else output.json(event);
      narrator.tell(event);
      // By then every clip has been read.
      if (event.event === "eval" && !isDescribed) {
        clips.describe().forEach(note);
        isDescribed = true;
      }
      board.show(event);
    }
  } finally {
    narrator.clear();
    board.close();
    await clips.close();
  }
  const seconds = Math.round(performance.now() - started) / 1000;
  const peak = peakMemoryBytes();
  const took = `(${seconds.toFixed(1)} s, ${formatBytes(peak)} peak)`;
  // On stderr, as the reader of stdout may be what is gone.
  if (signal.aborted) output.progress(`interrupted; --resume --out ${folder.path} goes on ${took}`);
  else output.result(`done: ${folder.last.graph} ${took}`);
  const report = signal.aborted ? null : await writeReport(folder.path);
  if (report !== null) output.result(`report: ${report}`);
  const { metrics, usage } = folder;
  // Last of all, so that every file it names is there.
  output.json({ ...done, metrics, usage, report, seconds, peakMemoryBytes: peak });
};
