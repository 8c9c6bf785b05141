/** From a command line to a run: a new one, or one that goes on. */
import type { Recipe } from "../../compiler/artifact/metadata.ts";
import type { Clip } from "../data/dataset.ts";
import { embeddedName } from "../data/embedded.ts";
import { createClipExaminer, type ExamineClips } from "../data/examine-clips.ts";
import type { SplitClips } from "../data/split-clips.ts";
import { selectDevice } from "../devices/select-device.ts";
import type { Output } from "../output.ts";
import type { Artifact } from "../artifact/read-artifact.ts";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";
import { changingStates, requireTraining, trainingProgram } from "../engine/session-program.ts";
import { withTrainedClips } from "../artifact/trained-clips.ts";
import { UserError } from "../user-error.ts";
import { type ExpectedCheckpoint, readCheckpoint } from "../runs/checkpoint.ts";
import { digestOf, type GatheredClips, gatherClips, gatherRunClips } from "./gather-clips.ts";
import { writeRunClips } from "../runs/run-clips.ts";
import {
  changeConfig,
  graphDigest,
  type LeftOut,
  readConfig,
  type Run,
  runDigest,
  writeConfig,
} from "../runs/run-config.ts";
import { countSteps } from "./run-epoch.ts";
import { createRunFolder, openRunFolder, type RunFolder } from "../runs/run-folder.ts";
import { orUnlock, unlockRun } from "../runs/run-lock.ts";
import { fromRunPath, toRunPath } from "../runs/run-path.ts";
import { runPlaces } from "../runs/run-places.ts";
import { addedEpochs, applyValues, requireSameValues, type RunValues, valuesOf } from "./run-values.ts";
import type { TrainOptions } from "./training.ts";
import { isStalled, reopen, type TrainingProgress } from "../runs/training-progress.ts";

/** What `train` needs beside what it is given while it runs. */
export interface PreparedRun {
  readonly options: Pick<
    TrainOptions,
    | "artifact"
    | "recipe"
    | "steps"
    | "device"
    | "clips"
    | "evaluationClips"
    | "testClips"
    | "leaveOut"
    | "folder"
    | "workingDirectory"
    | "run"
    | "checkpoint"
  >;
  /** What messages call the clips. */
  readonly data: string;
}

/** What a recipe made for more data comes to; undefined where its learning rate is reached. */
const describeWarmup = (recipe: Recipe, totalSteps: number): string | undefined => {
  const steps = recipe.schedule.warmup?.steps ?? 0;
  if (steps < totalSteps) return undefined;
  return `the learning rate is not reached: its warm-up takes ${steps} steps, and the whole training has ${totalSteps}`;
};

/** A graph to train, and how. */
const readGraph = (graph: string, values: RunValues) => {
  const artifact = readWaveformArtifact(graph);
  requireTraining(artifact);
  return { artifact, recipe: applyValues(artifact.metadata.recipe, values) };
};

const orNull = <Value>(value: Value | undefined): Value | null => value ?? null;

const describeRun = async (
  { artifact, recipe }: ReturnType<typeof readGraph>,
  { train, evaluation, test }: SplitClips,
  values: RunValues,
  device: Run["device"],
): Promise<Run> => ({
  graph: { path: artifact.path, sha256: await graphDigest(artifact) },
  data: orNull(values.data),
  labels: orNull(values.labels),
  fold: orNull(values.fold),
  evalData: orNull(values["eval-data"]),
  clips: {
    train: train.length,
    evaluation: evaluation.length,
    ...(test.length > 0 ? { test: test.length } : {}),
    sha256: digestOf({ train, evaluation, test }, values),
  },
  epochs: Number.isFinite(recipe.epochs) ? recipe.epochs : null,
  steps: orNull(values.steps),
  batch: recipe.batch,
  learningRate: recipe.learningRate,
  seed: recipe.seed,
  device,
});

/** What a run needs of where it is prepared. */
export interface PrepareOptions {
  /** Whether clips that cannot be read are left out; otherwise they are an error. */
  readonly skipBad?: boolean | undefined;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** What has examined clips before. */
  readonly examine?: ExamineClips | undefined;
}

const examinerFor = ({ metadata }: Artifact, { output: { terminal }, signal, examine }: PrepareOptions): ExamineClips =>
  examine ?? createClipExaminer({ ...metadata, terminal, signal });

const toPreparedRun = (
  { artifact, recipe }: ReturnType<typeof readGraph>,
  { data, steps = Infinity }: RunValues,
  { clips, trained }: GatheredClips,
  others: Pick<PreparedRun["options"], "device" | "leaveOut" | "folder" | "workingDirectory" | "run" | "checkpoint">,
): PreparedRun => ({
  options: {
    artifact: withTrainedClips(artifact, trained),
    recipe,
    steps,
    clips: clips.train,
    evaluationClips: clips.evaluation,
    testClips: clips.test,
    ...others,
  },
  data: data ?? embeddedName,
});

/** Records a clip that is found to be unreadable while the run is at work. */
const recordLeftOut = (
  { path: folder, config }: RunFolder,
  epochs: number | null,
  earlier: readonly LeftOut[],
): ((clip: Clip, reason: string) => Promise<void>) => {
  const leftOut = [...earlier];
  return async ({ name }, reason) => {
    leftOut.push({ clip: toRunPath(folder, name), reason });
    await changeConfig(config, { epochs, leftOut });
  };
};

/**
 * @param out the run's folder, if the user names one
 * @param overwrite whether an earlier run there may go
 * @param command the command line, for the record
 * @returns undefined where the signal ended it
 * @throws UserError where the inputs cannot be read or the folder cannot be used
 */
export const prepareNewRun = async (
  graph: string,
  values: RunValues,
  {
    out,
    overwrite = false,
    command,
    ...options
  }: PrepareOptions & {
    readonly out: string | undefined;
    readonly overwrite?: boolean | undefined;
    readonly command: readonly string[];
  },
): Promise<PreparedRun | undefined> => {
  const { output, skipBad = false } = options;
  const inputs = readGraph(graph, values);
  const { artifact, recipe } = inputs;
  const steps = values.steps ?? Infinity;
  const gathered = await gatherClips({
    ...inputs,
    values,
    examine: examinerFor(artifact, options),
    skipBad,
    note: output.note,
  });
  if (!gathered) return undefined;
  const { clips } = gathered;
  const warmup = describeWarmup(recipe, countSteps({ clips: clips.train, recipe, steps }));
  if (warmup !== undefined) output.note(warmup);
  const device = await selectDevice(values.device ?? "auto", output);
  const run = await describeRun(inputs, clips, values, device.kind);
  const folder = createRunFolder(out, artifact.metadata.specName, graph, overwrite);
  return orUnlock(folder.path, async () => {
    const leftOut = gathered.leftOut.map(({ clip, reason }) => ({ clip: toRunPath(folder.path, clip), reason }));
    await writeRunClips(folder, clips, artifact.metadata.classes);
    await writeConfig(folder.config, { run, leftOut, command: [...command] }, { artifact, recipe, device });
    return toPreparedRun(inputs, values, gathered, {
      device,
      leaveOut: skipBad ? recordLeftOut(folder, run.epochs, leftOut) : undefined,
      folder,
      workingDirectory: process.cwd(),
      run: runDigest(run),
    });
  });
};

/**
 * More epochs are trained only where that comes to the same as so many from the start.
 * @param recipe with the new number of epochs
 * @throws UserError saying why it would not
 */
const requireSameCourse = (
  recipe: Recipe,
  { epochs: then, steps }: Run,
  progress: TrainingProgress | undefined,
): void => {
  const fail = (reason: string): never => {
    throw new UserError("epochs-not-addable", { option: "epochs" }, `${recipe.epochs}: ${reason}`);
  };
  if (steps !== null) fail(`the run ends after its ${steps} steps, whatever its epochs`);
  if (recipe.schedule.kind === "cosine") {
    fail(
      `the run's learning rate falls along a cosine that ends with epoch ${then}: of ${recipe.epochs} epochs it would have been another from the first step on; train anew into another folder`,
    );
  }
  if (progress && isStalled(progress, recipe)) {
    const { figure, patience } = recipe.earlyStopping ?? {};
    fail(
      `the run ended early after epoch ${progress.epochs}: no better ${figure} in the last ${patience === 1 ? "epoch" : `${patience} epochs`}; more of them would not have changed that`,
    );
  }
};

/** What a checkpoint of the run must be. */
const expectedCheckpoint = (run: string, artifact: Artifact): ExpectedCheckpoint => {
  const changing = changingStates(trainingProgram(artifact));
  const isParameter = new Set(artifact.parameters.map(({ name }) => name));
  return { run, changing, averaged: changing.filter(({ name }) => isParameter.has(name)) };
};

const requireSameGraph = async (folder: RunFolder, { graph }: Run, artifact: Artifact): Promise<void> => {
  if ((await graphDigest(artifact)) === graph.sha256) return;
  throw new UserError(
    "graph-changed",
    { path: artifact.path, run: folder.path },
    `not the graph that ${folder.path} was started with: its content has changed`,
  );
};

/**
 * @param out the run's folder
 * @param graph where the run's graph is now; default: where it was
 * @param given options on the command line, which must be the run's
 * @returns undefined where the signal ended it
 * @throws UserError where there is no run, or something that decides it has changed
 */
export const prepareResumedRun = async (
  out: string,
  graph: string | undefined,
  given: RunValues,
  options: PrepareOptions,
): Promise<PreparedRun | undefined> => {
  const { output, skipBad = false } = options;
  const folder = openRunFolder(out);
  return orUnlock(folder.path, async () => {
    const config = readConfig(folder.config);
    const { run: own, leftOut: earlier } = config;
    const { folder: origin, workingDirectory } = runPlaces(out, config);
    const started = valuesOf(own, workingDirectory);
    const added = addedEpochs(own, given);
    requireSameValues(out, added === undefined ? given : { ...given, epochs: undefined }, started);
    const values = { ...started, epochs: added ?? started.epochs };
    const inputs = readGraph(graph ?? fromRunPath(workingDirectory, own.graph.path), values);
    const { artifact, recipe } = inputs;
    await requireSameGraph(folder, own, artifact);
    const gathered = await gatherRunClips(
      folder,
      own,
      earlier.map(({ clip, reason }) => ({ clip: fromRunPath(origin, clip), reason })),
      { ...inputs, values, origin, examine: examinerFor(artifact, options), skipBad, note: output.note },
    );
    if (!gathered) {
      unlockRun(folder.path);
      return undefined;
    }
    const { clips } = gathered;
    const run = runDigest(own);
    const steps = own.steps ?? Infinity;
    const saved = await readCheckpoint(folder, expectedCheckpoint(run, artifact), output.note);
    const totalSteps = countSteps({ clips: clips.train, recipe, steps });
    const checkpoint = saved && { ...saved, progress: reopen(saved.progress, recipe, totalSteps) };
    if (added !== undefined) requireSameCourse(recipe, own, checkpoint?.progress);
    const epochs = added ?? own.epochs;
    const leftOut = gathered.leftOut.map(({ clip, reason }) => ({ clip: toRunPath(origin, clip), reason }));
    if (added !== undefined || leftOut.length > earlier.length) await changeConfig(folder.config, { epochs, leftOut });
    const device = await selectDevice(own.device, output);
    return toPreparedRun(inputs, values, gathered, {
      device,
      leaveOut: skipBad ? recordLeftOut({ ...folder, path: origin }, epochs, leftOut) : undefined,
      folder,
      workingDirectory,
      run,
      checkpoint,
    });
  });
};
