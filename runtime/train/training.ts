/** A training that is under way, wherever it runs: what it holds open, and what it saves. */
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { withDecisions } from "../artifact/with-decisions.ts";
import { type Ranks, shareOf } from "../distributed/ranks.ts";
import { type LoadClip, partSize } from "../data/batches.ts";
import type { Clip } from "../data/dataset.ts";
import { leaveOut, type LeavingOut } from "../data/leave-out.ts";
import { type Classifier, openClassifier, openClassifierOn } from "../engine/classifier.ts";
import type { Device } from "../engine/device.ts";
import type { Engine, TensorData } from "../engine/engine.ts";
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
  /** The processes that train together, where this is one of several: all have these options, and are at the same steps. */
  readonly ranks?: Ranks | undefined;
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
  const { artifact, device, checkpoint, ranks } = options;
  const session = await openTrainingSession(engine, artifact, device, checkpoint?.states, ranks);
  // Rank 0 alone has read them.
  if (ranks && checkpoint) await session.change((_, { data }) => ranks.copyFromFirst(bytesOf(data)));
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

const bytesOf = ({ buffer, byteOffset, byteLength }: TensorData): Uint8Array<ArrayBuffer> =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

const nothing = new Float32Array();
const noAnswers = { logits: nothing, scores: nothing, targets: nothing };

/** Those of all ranks, one after the other. */
const gatherFloats = async ({ gather }: Ranks, own: Float32Array): Promise<Float32Array> => {
  const all = await gather(bytesOf(own));
  const values = new Float32Array(all.reduce((sum, { byteLength }) => sum + byteLength, 0) / own.BYTES_PER_ELEMENT);
  let first = 0;
  for (const { buffer } of all) {
    const part = new Float32Array(buffer);
    values.set(part, first);
    first += part.length;
  }
  return values;
};

export const closeTraining = async ({ classifier, session, keeper }: Training): Promise<void> => {
  await keeper.close();
  await classifier.close();
  await session.close();
};

interface Evaluating {
  readonly classifier: Classifier;
  readonly clips: readonly Clip[];
  readonly signal: AbortSignal;
}

const predictWith = (
  { options, clips: { loadToEvaluate: load } }: Training,
  evaluating: Evaluating,
): Promise<ClipPredictions | undefined> =>
  predict({
    ...options,
    ...evaluating,
    load,
    batch: partSize(options.recipe),
    onProgress: (done) => options.onEvaluation?.(done, evaluating.clips.length),
  });

/** What the parameters in training answer, of several ranks each to its share. @returns undefined where the signal ended it */
export const evaluate = async (training: Training): Promise<ClipPredictions | undefined> => {
  const { classifier, options } = training;
  const { ranks, evaluationClips: clips, signal } = options;
  if (!ranks) return predictWith(training, { classifier, clips, signal });
  const own = shareOf(clips, ranks);
  const answers =
    own.length > 0 ? await predictWith(training, { classifier, clips: own, signal: ranks.ownSignal }) : undefined;
  const { logits, scores, targets } = answers ?? noAnswers;
  const [allLogits, allScores, allTargets] = [
    await gatherFloats(ranks, logits),
    await gatherFloats(ranks, scores),
    await gatherFloats(ranks, targets),
  ];
  return signal.aborted ? undefined : { clips, logits: allLogits, scores: allScores, targets: allTargets };
};

/** What a graph that is kept answers. @returns undefined where the signal ended it */
export const evaluateSaved = async (
  training: Training,
  kind: GraphKind,
  clips = training.options.evaluationClips,
): Promise<ClipPredictions | undefined> => {
  const { engine, keeper, options } = training;
  const classifier = await openClassifier(engine, await keeper.openGraph(kind), options.device);
  try {
    return await predictWith(training, { classifier, clips, signal: options.signal });
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
