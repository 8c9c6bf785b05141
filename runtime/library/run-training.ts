/** A training as a program is told of it, with its board and its report. */
import type { Clip } from "../data/dataset.ts";
import { partSize } from "../data/batches.ts";
import type { Engine } from "../engine/engine.ts";
import { openClips } from "../evaluate/open-clips.ts";
import { writeReport } from "../report/html/write-report.ts";
import { openBoard } from "../report/tensorboard/open-board.ts";
import { bestEvaluation, readEvents } from "../runs/run-events.ts";
import type { RunFolder } from "../runs/run-folder.ts";
import { unlockRun } from "../runs/run-lock.ts";
import { peakMemoryBytes } from "../runs/run-usage.ts";
import type { DoneEvent, EndEvent, StartEvent, TrainingEvent } from "../runs/training-events.ts";
import { explainEnd } from "../train/explain-end.ts";
import type { PreparedRun } from "../train/prepared-run.ts";
import { countSteps } from "../train/run-epoch.ts";
import { train, type TrainOptions } from "../train/train.ts";
import { orUserError, UserError } from "../user-error.ts";

export interface Execution extends Pick<TrainOptions, "signal" | "note" | "onEvaluation" | "ranks"> {
  readonly engine?: Engine | undefined;
  /** How often to save within an epoch. Default 10. */
  readonly checkpointMinutes?: number | undefined;
}

type Events<Event> = AsyncGenerator<Event, void, undefined>;

const describeStart = (
  { options, data, device, memory }: PreparedRun,
  { ranks }: Pick<Execution, "ranks">,
): StartEvent => {
  const { artifact, recipe, clips, evaluationClips, testClips, folder, checkpoint } = options;
  return {
    event: "start",
    folder: folder.path,
    name: artifact.metadata.specName,
    data,
    clips: { train: clips.length, evaluation: evaluationClips.length, test: testClips.length },
    epochs: Number.isFinite(recipe.epochs) ? recipe.epochs : null,
    steps: countSteps(options),
    stepsDone: checkpoint?.progress.steps ?? 0,
    batch: recipe.batch,
    clipsAtOnce: Math.ceil(partSize(recipe) / (ranks?.size ?? 1)),
    ranks: ranks?.size ?? 1,
    learningRate: recipe.learningRate,
    seed: recipe.seed,
    device,
    memoryBytes: memory?.neededBytes ?? null,
    availableBytes: memory?.availableBytes ?? null,
  };
};

/** What the run's log tells of all its sessions. */
const readFigures = async ({ metrics }: RunFolder, note: Execution["note"]): Promise<DoneEvent["figures"]> => {
  const events = await orUserError(() => readEvents(metrics));
  if (events instanceof UserError) {
    note(events.message);
    return { last: null, best: null, averaged: null, tests: [] };
  }
  const { evaluations, averaged, tests } = events;
  return { last: evaluations.at(-1) ?? null, best: bestEvaluation(evaluations) ?? null, averaged, tests };
};

/** The run's own events but for its end, which is returned. */
async function* follow(
  { options }: PreparedRun,
  { signal, checkpointMinutes = 10, note, onEvaluation, ranks, engine }: Execution,
): AsyncGenerator<TrainingEvent, EndEvent, undefined> {
  const { artifact, folder, checkpoint, leaveOut: record } = options;
  const board = openBoard(folder.path, checkpoint?.progress.steps ?? 0);
  const { load, describe, close } = openClips(artifact);
  // Of a clip that one rank leaves out the others do not know: it ends the run, which goes on without it.
  const leaveOut =
    record &&
    !ranks &&
    (async (clip: Clip, reason: string): Promise<void> => {
      note(`${reason}; it is left out`);
      await record(clip, reason);
    });
  const settings = { ...options, load, leaveOut: leaveOut || undefined, checkpointMinutes, signal, note, ranks };
  let isDescribed = false;
  try {
    for await (const event of train(onEvaluation ? { ...settings, onEvaluation } : settings, engine)) {
      if (event.event === "done") return event;
      if (event.event !== "pace") board.show(event);
      yield event;
      // By then every clip has been read.
      if (event.event === "eval" && !isDescribed) {
        describe().forEach(note);
        isDescribed = true;
      }
    }
  } finally {
    board.close();
    await close();
  }
  throw new Error("a training has no end");
}

/**
 * Trains, to the end or the signal. The run's folder is let go of then.
 * @throws UserError as `train` does
 */
export async function* runTraining(prepared: PreparedRun, execution: Execution): Events<TrainingEvent> {
  const { folder, recipe } = prepared.options;
  const { note } = execution;
  try {
    const started = performance.now();
    const start = describeStart(prepared, execution);
    yield start;
    const end = yield* follow(prepared, execution);
    for (const line of explainEnd(recipe, start.steps, end)) note(line);
    const report = end.interrupted ? null : await writeReport(folder.path);
    yield {
      ...end,
      folder: folder.path,
      figures: await readFigures(folder, note),
      metrics: folder.metrics,
      usage: folder.usage,
      report,
      seconds: Math.round(performance.now() - started) / 1000,
      ranks: execution.ranks?.took() ?? null,
      peakMemoryBytes: peakMemoryBytes(),
    };
  } finally {
    unlockRun(folder.path);
  }
}
