/** A training that is under way: what it holds open, and what it writes. */
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import { type LoadClip, partSize } from "../data/batches.ts";
import type { Clip } from "../data/dataset.ts";
import { leaveOut, type LeavingOut } from "../data/leave-out.ts";
import { type ClipPredictions, predict } from "../evaluate/predict.ts";
import { type Classifier, openClassifier, openClassifierOn } from "../engine/classifier.ts";
import type { Device } from "../engine/device.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { readArtifact } from "../artifact/read-artifact.ts";
import { nodeEngine } from "../engine/node.ts";
import { openTrainingSession, type TrainingSession } from "../engine/training-session.ts";
import { withDecisions } from "../artifact/with-decisions.ts";
import { measuredOn } from "../evaluate/measured-on.ts";
import { classThresholds } from "../metrics/class-thresholds.ts";
import { writeArtifact } from "../artifact/write-artifact.ts";
import { type Checkpoint, writeCheckpoint } from "../runs/checkpoint.ts";
import { type EventLog, openEventLog } from "../runs/run-events.ts";
import type { LoggedEvent } from "../runs/training-events.ts";
import { requireFiniteParameter } from "./require-finite.ts";
import type { GraphFiles, RunFolder } from "../runs/run-folder.ts";
import { toRunPath } from "../runs/run-places.ts";
import { openUsageMeter } from "../runs/run-usage.ts";
import type { TrainingProgress } from "../runs/training-progress.ts";
import { openWeightAverage, type WeightAverage } from "./weight-average.ts";
import { writePredictions } from "../runs/run-predictions.ts";

export interface TrainOptions {
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
  /** Where all that the run writes goes. */
  readonly folder: RunFolder;
  /** What the evaluation clips' data set is called. */
  readonly data?: string | undefined;
  /** What the names of clips are relative to in what the run writes. Default: the current folder, as they are. */
  readonly workingDirectory?: string | undefined;
  /** Stands in the checkpoint for all that decides the run. */
  readonly run: string;
  /** What to go on from; without it, training begins. */
  readonly checkpoint?: Checkpoint | undefined;
  /** How often a checkpoint is written within an epoch. */
  readonly checkpointMinutes: number;
  /** Ends training after the step at hand; its checkpoint goes on from there. */
  readonly signal: AbortSignal;
  /** Told what the user should know. */
  readonly note: (text: string) => void;
  /** Called while an evaluation runs, with the clips done so far and all there are; it goes on when that is through. */
  readonly onEvaluation?: (clips: number, of: number) => void | Promise<void>;
}

export interface Training {
  readonly options: TrainOptions;
  readonly clips: LeavingOut;
  readonly session: TrainingSession;
  /** On the parameters in training. */
  readonly classifier: Classifier;
  readonly average: WeightAverage;
  readonly log: EventLog;
  /** Writes an event into the folder's log. @returns the event */
  readonly tell: (event: LoggedEvent) => LoggedEvent;
  readonly saveUsage: () => Promise<void>;
}

/** @throws UserError where the graph does not run on the device, or the log cannot be written */
export const openTraining = async (options: TrainOptions): Promise<Training> => {
  const { artifact, device, folder, checkpoint, note } = options;
  const saveUsage = openUsageMeter(folder.usage, checkpoint !== undefined);
  const session = await openTrainingSession(nodeEngine, artifact, device, checkpoint?.states);
  const changing = new Set(session.changing.map(({ name }) => name));
  const trained = artifact.parameters.filter(({ name }) => changing.has(name));
  const log = openEventLog(folder.metrics, checkpoint?.logBytes ?? 0, note);
  return {
    options,
    clips: leaveOut(options.clips, options.load, options.leaveOut),
    session,
    classifier: await openClassifierOn(nodeEngine, artifact, device, session.state),
    average: await openWeightAverage(trained, checkpoint?.sums ?? new Map()),
    log,
    tell: (event) => {
      log.append(event);
      return event;
    },
    saveUsage,
  };
};

export const closeTraining = async ({ classifier, session, log, saveUsage }: Training): Promise<void> => {
  log.close();
  await saveUsage();
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

/** What a graph that is saved answers. @returns undefined where the signal ended it */
export const evaluateSaved = async (
  training: Training,
  graph: string,
  clips = training.options.evaluationClips,
): Promise<ClipPredictions | undefined> => {
  const classifier = await openClassifier(nodeEngine, readArtifact(graph), training.options.device);
  try {
    return await evaluate(training, { classifier, clips });
  } finally {
    await classifier.close();
  }
};

/** By the names that the clips had when the run began, wherever it goes on. */
const namesOf = (clips: readonly Clip[], { workingDirectory = "." }: TrainOptions): readonly string[] =>
  clips.map(({ name, source }) => ("path" in source ? toRunPath(workingDirectory, name) : name));

const savePredictions = ({ options }: Training, files: GraphFiles, predictions: ClipPredictions): Promise<void> =>
  writePredictions(
    files.predictions,
    predictions,
    namesOf(predictions.clips, options),
    options.artifact.metadata.classes.length,
  );

/** The artifact, to be written with parameters that gave these answers: it tells the best thresholds on them, or none. */
const artifactFor = (
  { artifact, data = "" }: TrainOptions,
  predictions: ClipPredictions | undefined,
): TrainOptions["artifact"] => {
  if (!predictions) return withDecisions(artifact, undefined);
  const classes = artifact.metadata.classes.length;
  return withDecisions(artifact, {
    thresholds: { perClass: classThresholds(predictions, classes), measuredOn: measuredOn(predictions, data, classes) },
    calibration: null,
    rejection: null,
  });
};

/** The parameters as they are now, with what they answer to the evaluation clips. */
export const saveGraph = async (
  training: Training,
  files: GraphFiles,
  predictions?: ClipPredictions,
): Promise<void> => {
  await writeArtifact(artifactFor(training.options, predictions), files.graph, training.session.read);
  if (predictions) await savePredictions(training, files, predictions);
};

/** @throws UserError where a parameter is not finite; the earlier checkpoint stays */
export const saveCheckpoint = async (training: Training, progress: TrainingProgress): Promise<void> => {
  const { options, session, average, log, saveUsage } = training;
  const isParameter = new Set(options.artifact.parameters.map(({ name }) => name));
  const content = { run: options.run, progress, logBytes: log.sync() };
  await writeCheckpoint(options.folder, content, session, average.sums(), (name, values) => {
    if (isParameter.has(name)) requireFiniteParameter(name, values, progress, options);
  });
  await saveUsage();
};

/** Writes the averaged graph. @returns what it answers to the evaluation clips; undefined where the signal ended that */
export const saveAverage = async (training: Training, epochs: number): Promise<ClipPredictions | undefined> => {
  const { options, session, average } = training;
  const { graph } = options.folder.averaged;
  const isAveraged = new Set(average.sums().map(({ name }) => name));
  const write = (predictions?: ClipPredictions): Promise<void> =>
    writeArtifact(artifactFor(options, predictions), graph, async (name) =>
      isAveraged.has(name) ? average.mean(name, epochs) : session.read(name),
    );
  await write();
  const predictions = await evaluateSaved(training, graph);
  if (predictions) {
    await write(predictions);
    await savePredictions(training, options.folder.averaged, predictions);
  }
  return predictions;
};
