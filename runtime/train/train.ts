/** The training procedure: epochs of steps; after each an evaluation, the graphs and a checkpoint; at last the averaged graph, and the test. */
import { existsSync } from "node:fs";
import { UnreadableClip } from "../data/unreadable-clip.ts";
import type { Predictions } from "../metrics/predictions.ts";
import { type Figures, summarize } from "../metrics/summarize.ts";
import type { Artifact } from "../artifact/read-artifact.ts";
import { requireFiniteLoss } from "./require-finite.ts";
import { UserError } from "../user-error.ts";
import { countSteps, runEpoch } from "./run-epoch.ts";
import type { RunFolder } from "../runs/run-folder.ts";
import type { StepDone } from "./run-steps.ts";
import type { TrainEvent } from "../runs/train-event.ts";
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
import { afterEpoch, afterStep, beginning, isAveraged, type TrainingProgress } from "../runs/training-progress.ts";

type Events<Result = TrainingProgress> = AsyncGenerator<TrainEvent, Result, undefined>;

const minute = 60_000;

const figuresOf = (predictions: Predictions, { metadata }: Artifact): Figures => {
  const { perClass: _, ...figures } = summarize(predictions, metadata);
  return figures;
};

/** What is trained so far, in the middle of an epoch. */
const saveUnfinished = async (training: Training, progress: TrainingProgress): Promise<void> => {
  await saveCheckpoint(training, progress);
  await saveGraph(training, training.options.folder.last);
};

/** The same steps. Where a clip cannot be read, what the steps before have trained is saved. */
async function* savingOnFailure(
  training: Training,
  progress: () => TrainingProgress,
  steps: AsyncIterable<StepDone>,
): AsyncGenerator<StepDone, void, undefined> {
  try {
    yield* steps;
  } catch (error) {
    if (error instanceof UnreadableClip) await saveUnfinished(training, progress());
    throw error;
  }
}

/** The steps that are left of the epoch at hand, or as many as the signal allows, and checkpoints now and then. */
async function* trainEpoch(training: Training, start: TrainingProgress): Events {
  const { options } = training;
  const epoch = start.epochs + 1;
  let [progress, savedAt, overflows] = [start, performance.now(), 0];
  const steps = savingOnFailure(training, () => progress, runEpoch(training, start));
  for await (const step of steps) {
    requireFiniteLoss(step, progress, options, overflows);
    overflows = Number.isFinite(step.loss) ? 0 : overflows + 1;
    progress = afterStep(progress, step);
    yield { event: "step", epoch, step: progress.steps, loss: step.loss, lr: step.learningRate };
    if (!step.isSettled) continue;
    if (options.signal.aborted) break;
    if (performance.now() - savedAt < options.checkpointMinutes * minute) continue;
    await saveCheckpoint(training, progress);
    savedAt = performance.now();
  }
  return progress;
}

/** Evaluates the epoch and saves it; where the signal has ended or ends this, saves what is trained so far. */
async function* endEpoch(training: Training, progress: TrainingProgress): Events {
  const { options, classifier, session, average } = training;
  const { artifact, recipe, folder, signal } = options;
  const predictions = signal.aborted
    ? undefined
    : await evaluate(training, classifier).catch(async (error: unknown) => {
        if (error instanceof UnreadableClip) await saveUnfinished(training, progress);
        throw error;
      });
  if (!predictions) {
    await saveUnfinished(training, progress);
    return progress;
  }
  const figures = figuresOf(predictions, artifact);
  const next = afterEpoch(progress, figures, recipe, countSteps(options));
  const best = next.best?.epoch === next.epochs;
  if (best) await saveGraph(training, folder.best, predictions);
  await saveGraph(training, folder.last, predictions);
  if (isAveraged(recipe, next.epochs)) await average.add(session.read);
  const trainLoss = progress.epochLoss.sum / progress.epochLoss.clips;
  yield { event: "eval", epoch: next.epochs, step: next.steps, trainLoss, best, ...figures };
  await saveCheckpoint(training, next);
  return next;
}

/** What the graphs that a finished training leaves answer to the clips that had no part in choosing them. */
async function* testGraphs(training: Training, { best, averaged, steps }: TrainingProgress): Events<void> {
  const { artifact, folder, testClips } = training.options;
  if (testClips.length === 0) return;
  const files = [best ? folder.best : folder.last, ...(averaged > 0 ? [folder.averaged] : [])];
  for (const { graph } of files) {
    const predictions = await evaluateSaved(training, graph, testClips);
    if (!predictions) return;
    yield { event: "test", graph, step: steps, ...figuresOf(predictions, artifact) };
  }
}

/** How to go on after a clip that cannot be read. */
const withAdvice = (error: unknown, { path }: RunFolder): unknown => {
  if (!(error instanceof UnreadableClip)) return error;
  return new UserError(
    "clip-lost-in-training",
    { ...error.facts, run: path },
    `${error.sentence}\nwhat is trained so far is saved`,
    { cause: error },
  );
};

/** All but the last event. */
async function* trainToEnd(training: Training, start: TrainingProgress): Events {
  const { artifact, signal } = training.options;
  let progress = start;
  while (!progress.finished && !signal.aborted) {
    progress = yield* trainEpoch(training, progress);
    progress = yield* endEpoch(training, progress);
  }
  const { finished, averaged, steps } = progress;
  const predictions = finished && averaged > 0 ? await saveAverage(training, averaged) : undefined;
  if (predictions) yield { event: "averaged", epochs: averaged, step: steps, ...figuresOf(predictions, artifact) };
  if (finished && !signal.aborted) yield* testGraphs(training, progress);
  return progress;
}

/**
 * Trains, and writes into the run's folder. The same options give the same losses and graphs, however often training ends
 * and goes on from its checkpoint. Each event but the last is in the folder's log before it is given.
 * @throws UserError where a clip cannot be read, training diverges or a file cannot be written
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void, undefined> {
  const { folder, signal } = options;
  const training = await openTraining(options);
  try {
    const events = trainToEnd(training, options.checkpoint?.progress ?? beginning);
    let next = await events.next();
    for (; !next.done; next = await events.next()) {
      training.log.append(next.value);
      yield next.value;
    }
    const { best, averaged, epochs, steps, finished } = next.value;
    yield {
      event: "done",
      graph: existsSync(folder.last.graph) ? folder.last.graph : null,
      best: best && folder.best.graph,
      averaged: finished && averaged > 0 ? folder.averaged.graph : null,
      epochs,
      steps,
      interrupted: signal.aborted,
    };
  } catch (error) {
    throw withAdvice(error, folder);
  } finally {
    await closeTraining(training);
  }
}
