/** A training that is under way, wherever it runs: what it holds open, and what it saves. */
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { withDecisions } from "../artifact/with-decisions.ts";
import { type LoadClip, partSize } from "../data/batches.ts";
import type { Clip } from "../data/dataset.ts";
import { leaveOut, type LeavingOut } from "../data/leave-out.ts";
import { type Classifier, openClassifier, openClassifierOn } from "../engine/classifier.ts";
import type { Device } from "../engine/device.ts";
import type { Engine } from "../engine/engine.ts";
import { openTrainingSession, type TrainingSession } from "../engine/training-session.ts";
import { measuredOn } from "../evaluate/measured-on.ts";
import { type ClipPredictions, predict } from "../evaluate/predict.ts";
import { classThresholds } from "../metrics/class-thresholds.ts";
import type { LoggedEvent } from "../runs/training-events.ts";
import type { TrainingProgress, TrainingState } from "../runs/training-progress.ts";
import type { GraphKind, Keeper } from "./keeper.ts";
import { requireFiniteParameter } from "./require-finite.ts";
import { openWeightAverage, type WeightAverage } from "./weight-average.ts";

export interface TrainingOptions {
  readonly artifact: Artifact;
  /** The artifact's, with the changes of this run. */
  readonly recipe: Recipe;
  /** Ends training after this many steps, in the middle of an epoch if need be. */
  readonly steps: number;
  readonly device: Device;
  readonly clips: readonly Clip[];
  /** Scored after each epoch; they decide which graph is the best. */
  readonly evaluationClips: readonly Clip[];
  /** Scored once, at the end; where there are none, nothing is. */
  readonly testClips: readonly Clip[];
  readonly load: LoadClip;
  /** Records a clip that is left out, as it cannot be read; without it, such a clip ends the training. */
  readonly leaveOut?: ((clip: Clip, reason: string) => Promise<void>) | undefined;
  /** What the evaluation clips' data set is called. */
  readonly data?: string | undefined;
  /** What to go on from; without it, training begins. */
  readonly checkpoint?: TrainingState | undefined;
  /** How often the state is kept within an epoch. */
  readonly checkpointMinutes: number;
  /** Ends training after the step at hand; what is kept then goes on from there. */
  readonly signal: AbortSignal;
  /** Called while an evaluation runs, with the clips done so far and all there are; it goes on when that is through. */
  readonly onEvaluation?: (clips: number, of: number) => void | Promise<void>;
}

export interface Training {
  readonly options: TrainingOptions;
  readonly engine: Engine;
  readonly keeper: Keeper;
  readonly clips: LeavingOut;
  readonly session: TrainingSession;
  /** On the parameters in training. */
  readonly classifier: Classifier;
  readonly average: WeightAverage;
  /** Puts an event on record. @returns the event */
  readonly tell: (event: LoggedEvent) => LoggedEvent;
}

/**
 * @param openKeeper called once the graph is known to run
 * @throws UserError where the graph does not run on the device, or nothing can be kept
 */
export const openTraining = async (
  engine: Engine,
  options: TrainingOptions,
  openKeeper: () => Keeper,
): Promise<Training> => {
  const { artifact, device, checkpoint } = options;
  const session = await openTrainingSession(engine, artifact, device, checkpoint?.states);
  const changing = new Set(session.changing.map(({ name }) => name));
  const trained = artifact.parameters.filter(({ name }) => changing.has(name));
  const keeper = openKeeper();
  return {
    options,
    engine,
    keeper,
    clips: leaveOut(options.clips, options.load, options.leaveOut),
    session,
    classifier: await openClassifierOn(engine, artifact, device, session.state),
    average: await openWeightAverage(trained, checkpoint?.sums ?? new Map()),
    tell: (event) => {
      keeper.record(event);
      return event;
    },
  };
};

export const closeTraining = async ({ classifier, session, keeper }: Training): Promise<void> => {
  await keeper.close();
  await classifier.close();
  await session.close();
};

/** What the parameters in training, or another classifier, answer. @returns undefined where the signal ended it */
export const evaluate = (
  { options, clips: { loadToEvaluate }, classifier: current }: Training,
  { classifier = current, clips = options.evaluationClips }: { classifier?: Classifier; clips?: readonly Clip[] } = {},
): Promise<ClipPredictions | undefined> =>
  predict({
    ...options,
    classifier,
    clips,
    load: loadToEvaluate,
    batch: partSize(options.recipe),
    onProgress: (done) => options.onEvaluation?.(done, clips.length),
  });

/** What a graph that is kept answers. @returns undefined where the signal ended it */
export const evaluateSaved = async (
  training: Training,
  kind: GraphKind,
  clips = training.options.evaluationClips,
): Promise<ClipPredictions | undefined> => {
  const { engine, keeper, options } = training;
  const classifier = await openClassifier(engine, await keeper.openGraph(kind), options.device);
  try {
    return await evaluate(training, { classifier, clips });
  } finally {
    await classifier.close();
  }
};

/** The artifact, to be kept with parameters that gave these answers: it tells the best thresholds on them, or none. */
const artifactFor = ({ artifact, data = "" }: TrainingOptions, predictions: ClipPredictions | undefined): Artifact => {
  if (!predictions) return withDecisions(artifact, undefined);
  const classes = artifact.metadata.classes.length;
  return withDecisions(artifact, {
    thresholds: { perClass: classThresholds(predictions, classes), measuredOn: measuredOn(predictions, data, classes) },
    calibration: null,
    rejection: null,
  });
};

/** The parameters as they are now, with what they answer to the evaluation clips. */
export const saveGraph = (
  { options, keeper, session }: Training,
  kind: GraphKind,
  predictions?: ClipPredictions,
): Promise<void> => keeper.saveGraph(kind, artifactFor(options, predictions), session.read, predictions);

/** @throws UserError where a parameter is not finite; what was kept before stays */
export const saveState = (
  { options, session, average, keeper }: Training,
  progress: TrainingProgress,
): Promise<void> => {
  const { artifact, recipe } = options;
  const isParameter = new Set(artifact.parameters.map(({ name }) => name));
  return keeper.saveState(progress, session, average.sums(), (name, values) => {
    if (isParameter.has(name)) requireFiniteParameter(name, values, progress, { artifact, recipe, keeper });
  });
};

/** Keeps the averaged graph. @returns what it answers to the evaluation clips; undefined where the signal ended that */
export const saveAverage = async (training: Training, epochs: number): Promise<ClipPredictions | undefined> => {
  const { options, session, average, keeper } = training;
  const isAveraged = new Set(average.sums().map(({ name }) => name));
  const save = (predictions?: ClipPredictions): Promise<void> =>
    keeper.saveGraph(
      "averaged",
      artifactFor(options, predictions),
      async (name) => (isAveraged.has(name) ? average.mean(name, epochs) : session.read(name)),
      predictions,
    );
  await save();
  const predictions = await evaluateSaved(training, "averaged");
  if (predictions) await save(predictions);
  return predictions;
};
