/** The training procedure. */
import { existsSync } from "node:fs";
import { UnreadableClip } from "../data/unreadable-clips.ts";
import type { Predictions } from "../metrics/predictions.ts";
import type { Figures } from "../metrics/figures.ts";
import { summarize } from "../metrics/summarize.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import type { RunFolder } from "../runs/run-folder.ts";
import type { TrainEvent } from "../runs/training-events.ts";
import { afterEpoch, afterStep, beginning, isAveraged, type TrainingProgress } from "../runs/training-progress.ts";
import { UserError } from "../user-error.ts";
import { lossGuard } from "./require-finite.ts";
import { countSteps, runEpoch } from "./run-epoch.ts";
import {
  closeTraining,
  evaluate,
  evaluateSaved,
  openTraining,
  saveAverage,
  saveCheckpoint,
  saveGraph,
  type Training,
  type TrainOptions,
} from "./training.ts";

type Events = AsyncGenerator<TrainEvent, void, undefined>;

/**
 * Trains, and writes into the run's folder: epochs of steps; after each an evaluation, the graphs and a checkpoint; at last
 * the averaged graph, and the test. The same options give the same losses and graphs, however often training ends and goes on
 * from its checkpoint. Each event but the last is in the folder's log before it is given.
 * @throws UserError where a clip cannot be read, training diverges or a file cannot be written
 */
export async function* train(options: TrainOptions): Events {
  const { artifact, recipe, folder, signal, checkpointMinutes } = options;
  const training = await openTraining(options);
  const { session, average, tell } = training;
  const requireFinite = lossGuard(options, session.findNonFinite);
  let progress = options.checkpoint?.progress ?? beginning;
  try {
    while (!progress.finished && !signal.aborted) {
      let savedAt = performance.now();
      for await (const step of runEpoch(training, progress)) {
        await requireFinite(step, progress);
        progress = afterStep(progress, step);
        const { loss, learningRate: lr, isSettled } = step;
        yield tell({ event: "step", epoch: progress.epochs + 1, step: progress.steps, loss, lr });
        if (!isSettled) continue;
        if (signal.aborted) break;
        if (performance.now() - savedAt < checkpointMinutes * 60_000) continue;
        await saveCheckpoint(training, progress);
        savedAt = performance.now();
      }
      const predictions = signal.aborted ? undefined : await evaluate(training);
      if (!predictions) {
        await saveUnfinished(training, progress);
        break;
      }
      const figures = figuresOf(predictions, artifact);
      const trainLoss = progress.epochLoss.sum / progress.epochLoss.clips;
      progress = afterEpoch(progress, figures, recipe, countSteps(options));
      const best = progress.best?.epoch === progress.epochs;
      if (best) await saveGraph(training, folder.best, predictions);
      await saveGraph(training, folder.last, predictions);
      if (isAveraged(recipe, progress.epochs)) await average.add(session.read);
      yield tell({ event: "eval", epoch: progress.epochs, step: progress.steps, trainLoss, best, ...figures });
      await saveCheckpoint(training, progress);
    }
    if (progress.finished) yield* finish(training, progress);
    yield conclude(options, progress);
  } catch (error) {
    if (!(error instanceof UnreadableClip)) throw error;
    await saveUnfinished(training, progress);
    throw lostClip(error, folder);
  } finally {
    await closeTraining(training);
  }
}

/** The averaged graph, and what the graphs that training leaves answer to the clips that had no part in choosing them. */
async function* finish(training: Training, { best, averaged, steps: step }: TrainingProgress): Events {
  const { artifact, folder, signal, testClips } = training.options;
  const predictions = averaged > 0 ? await saveAverage(training, averaged) : undefined;
  if (predictions) {
    yield training.tell({ event: "averaged", epochs: averaged, step, ...figuresOf(predictions, artifact) });
  }
  if (testClips.length === 0) return;
  const files = [best ? folder.best : folder.last, ...(averaged > 0 ? [folder.averaged] : [])];
  for (const { graph } of files) {
    const predictions = signal.aborted ? undefined : await evaluateSaved(training, graph, testClips);
    if (!predictions) return;
    yield training.tell({ event: "test", graph, step, ...figuresOf(predictions, artifact) });
  }
}

const figuresOf = (predictions: Predictions, { metadata }: Artifact): Figures => {
  const { perClass: _, ...figures } = summarize(predictions, metadata);
  return figures;
};

/** What is trained so far, in the middle of an epoch. */
const saveUnfinished = async (training: Training, progress: TrainingProgress): Promise<void> => {
  await saveCheckpoint(training, progress);
  await saveGraph(training, training.options.folder.last);
};

const conclude = (
  { folder, signal }: TrainOptions,
  { best, averaged, epochs, steps, finished }: TrainingProgress,
): TrainEvent => ({
  event: "done",
  graph: existsSync(folder.last.graph) ? folder.last.graph : null,
  best: best && folder.best.graph,
  averaged: finished && averaged > 0 ? folder.averaged.graph : null,
  epochs,
  steps,
  interrupted: signal.aborted,
});

const lostClip = (error: UnreadableClip, { path }: RunFolder): UserError =>
  new UserError(
    "clip-lost-in-training",
    { ...error.facts, run: path },
    `${error.sentence}\nwhat is trained so far is saved`,
    { cause: error },
  );
