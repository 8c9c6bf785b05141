/** The training procedure, wherever it runs and whatever keeps what it comes to. */
import type { Artifact } from "../artifact/decode-artifact.ts";
import { UnreadableClip } from "../data/unreadable-clips.ts";
import type { Engine } from "../engine/engine.ts";
import type { Figures } from "../metrics/figures.ts";
import type { Predictions } from "../metrics/predictions.ts";
import { summarize } from "../metrics/summarize.ts";
import type { TrainEvent } from "../runs/training-events.ts";
import { afterEpoch, afterStep, beginning, isAveraged, type TrainingProgress } from "../runs/training-progress.ts";
import type { Keeper } from "./keeper.ts";
import { measurePace } from "./measure-pace.ts";
import { requireAlike } from "./require-alike.ts";
import { lossGuard } from "./require-finite.ts";
import { countSteps, runEpoch } from "./run-epoch.ts";
import {
  closeTraining,
  evaluate,
  evaluateSaved,
  openTraining,
  saveAverage,
  saveGraph,
  saveState,
  type Training,
  type TrainingOptions,
} from "./training.ts";

type Events = AsyncGenerator<TrainEvent, void, undefined>;

/**
 * Epochs of steps; after each an evaluation, the graphs and the state; at last the averaged graph, and the test. The same options
 * give the same losses and graphs, however often training ends and goes on from what it has kept. Each event but the last is on
 * record before it is given, but for what tells of the pace.
 * @param openKeeper called once the graph is known to run
 * @throws UserError where training diverges or something cannot be kept; UnreadableClip where a clip cannot be read
 */
export async function* trainLoop(engine: Engine, options: TrainingOptions, openKeeper: () => Keeper): Events {
  const { artifact, recipe, signal, checkpointMinutes, ranks } = options;
  const training = await openTraining(engine, options, openKeeper);
  const { session, average, keeper, tell } = training;
  const requireFinite = lossGuard({ recipe, keeper }, session.findNonFinite);
  const isFirst = ranks === undefined || ranks.rank === 0;
  const pace = measurePace(options);
  let progress = options.checkpoint?.progress ?? beginning;
  try {
    while (!progress.finished && !signal.aborted) {
      let savedAt = performance.now();
      for await (const step of runEpoch(training, progress)) {
        await requireFinite(step, progress);
        progress = afterStep(progress, step);
        const { loss, learningRate: lr, isSettled } = step;
        yield tell({ event: "step", epoch: progress.epochs + 1, step: progress.steps, loss, lr });
        const paced = pace.afterStep(step, progress);
        if (!isSettled) continue;
        if (signal.aborted) break;
        if (paced) yield paced;
        if (performance.now() - savedAt < checkpointMinutes * 60_000) continue;
        await saveState(training, progress);
        savedAt = performance.now();
      }
      const ended = performance.now();
      const predictions = signal.aborted ? undefined : await evaluate(training);
      if (!predictions) {
        await saveUnfinished(training, progress);
        break;
      }
      const figures = figuresOf(predictions, artifact);
      const trainLoss = progress.epochLoss.sum / progress.epochLoss.clips;
      progress = afterEpoch(progress, figures, recipe, countSteps(options));
      const best = progress.best?.epoch === progress.epochs;
      if (best) await saveGraph(training, "best", predictions);
      await saveGraph(training, "last", predictions);
      if (isAveraged(recipe, progress.epochs) && isFirst) await average.add(session.read);
      if (ranks) await requireAlike(ranks, session);
      const seconds = (performance.now() - ended) / 1000;
      yield tell({ event: "eval", epoch: progress.epochs, step: progress.steps, trainLoss, best, ...figures });
      await saveState(training, progress);
      const paced = pace.afterEpoch(seconds, progress);
      if (paced) yield paced;
    }
    // Of several ranks the others wait for it.
    if (progress.finished && isFirst) yield* finish(training, progress);
    yield conclude(training, progress);
  } catch (error) {
    if (error instanceof UnreadableClip || ranks?.othersFailed()) await saveUnfinished(training, progress);
    throw error;
  } finally {
    await closeTraining(training);
  }
}

/** The averaged graph, and what the graphs that training leaves answer to the clips that had no part in choosing them. */
async function* finish(training: Training, { best, averaged, steps: step }: TrainingProgress): Events {
  const { keeper, tell } = training;
  const { artifact, signal, testClips } = training.options;
  const predictions = averaged > 0 ? await saveAverage(training, averaged) : undefined;
  if (predictions) yield tell({ event: "averaged", epochs: averaged, step, ...figuresOf(predictions, artifact) });
  if (testClips.length === 0) return;
  for (const kind of [best ? "best" : "last", ...(averaged > 0 ? ["averaged" as const] : [])] as const) {
    const predictions = signal.aborted ? undefined : await evaluateSaved(training, kind, testClips);
    if (!predictions) return;
    const graph = keeper.nameOf(kind) ?? kind;
    yield tell({ event: "test", graph, step, ...figuresOf(predictions, artifact) });
  }
}

const figuresOf = (predictions: Predictions, { metadata }: Artifact): Figures => {
  const { perClass: _, ...figures } = summarize(predictions, metadata);
  return figures;
};

/** What is trained so far, in the middle of an epoch. */
const saveUnfinished = async (training: Training, progress: TrainingProgress): Promise<void> => {
  await saveState(training, progress);
  await saveGraph(training, "last");
};

const conclude = (
  { keeper, options: { signal } }: Training,
  { best, averaged, epochs, steps, finished }: TrainingProgress,
): TrainEvent => ({
  event: "done",
  graph: keeper.nameOf("last"),
  best: best && keeper.nameOf("best"),
  averaged: finished && averaged > 0 ? keeper.nameOf("averaged") : null,
  epochs,
  steps,
  interrupted: signal.aborted,
});
