/** From a command line to a run: a new one, or one that goes on. */
import { isAbsolute, relative, resolve } from "node:path";
import type { Recipe } from "../../compiler/artifact.ts";
import { describeShared } from "../data/describe-shared.ts";
import { describeUntrained } from "../data/describe-untrained.ts";
import { readDataset } from "../data/read-dataset.ts";
import { splitClips } from "../data/split-clips.ts";
import { selectDevice } from "../devices/select-device.ts";
import type { Output } from "../output.ts";
import type { Artifact } from "../session/read-artifact.ts";
import { readWaveformArtifact } from "../session/read-waveform-artifact.ts";
import { requireTraining, trainingProgram } from "../session/session-program.ts";
import { UserError } from "../user-error.ts";
import { type ExpectedCheckpoint, readCheckpoint } from "./checkpoint.ts";
import { countSteps } from "./run-epoch.ts";
import { clipsDigest, graphDigest, readConfig, type Run, runDigest, setEpochs, writeConfig } from "./run-config.ts";
import { createRunFolder, openRunFolder, type RunFolder } from "./run-folder.ts";
import { unlockRun } from "./run-lock.ts";
import type { TrainOptions } from "./training.ts";
import { isStalled, reopen, type TrainingProgress } from "./training-progress.ts";

/** The options that decide a run, by their names on the command line. */
export interface RunValues {
  readonly data?: string | undefined;
  readonly labels?: string | undefined;
  readonly fold?: number | undefined;
  readonly "eval-data"?: string | undefined;
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  readonly batch?: number | undefined;
  readonly lr?: number | undefined;
  readonly seed?: number | undefined;
  readonly device?: string | undefined;
}

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
    | "folder"
    | "run"
    | "checkpoint"
  >;
  /** What messages call the clips. */
  readonly data: string;
}

const applyValues = (recipe: Recipe, { batch, lr, seed, epochs, steps }: RunValues): Recipe => ({
  ...recipe,
  batch: batch ?? recipe.batch,
  learningRate: lr ?? recipe.learningRate,
  seed: seed ?? recipe.seed,
  // Steps alone mean as many epochs as they take.
  epochs: epochs ?? (steps === undefined ? recipe.epochs : Infinity),
});

/** What a recipe made for more data comes to; undefined where its learning rate is reached. */
const describeWarmup = (recipe: Recipe, totalSteps: number): string | undefined => {
  const steps = recipe.schedule.warmup?.steps ?? 0;
  if (steps < totalSteps) return undefined;
  return `the learning rate is not reached: its warm-up takes ${steps} steps, and the whole training has ${totalSteps}`;
};

/** Reads the graph and the clips. */
const readInputs = async (graph: string, values: RunValues, output: Output) => {
  const artifact = readWaveformArtifact(graph);
  requireTraining(artifact);
  const { classes, objective } = artifact.metadata;
  const { data, labels, fold, "eval-data": evalData } = values;
  const recipe = applyValues(artifact.metadata.recipe, values);
  const dataset = await readDataset({ classes, objective, data, labels, fold });
  const evaluation =
    evalData === undefined ? undefined : await readDataset({ classes, objective, data: evalData, labels });
  const split = splitClips(dataset, { seed: recipe.seed, evaluation });
  const totalSteps = countSteps({ clips: split.train, recipe, steps: values.steps ?? Infinity });
  const notes = [
    ...dataset.notes,
    ...(evaluation?.notes ?? []),
    describeUntrained(dataset, split.train),
    describeShared(split.train, split.evaluation),
    describeWarmup(recipe, totalSteps),
  ];
  for (const note of notes) if (note !== undefined) output.note(note);
  const digest = clipsDigest([
    { clips: split.train, data },
    { clips: split.evaluation, data: evalData ?? data },
    ...(split.test.length > 0 ? [{ clips: split.test, data }] : []),
  ]);
  const { train: clips, evaluation: evaluationClips, test: testClips } = split;
  return { artifact, recipe, data: dataset.name, clips, evaluationClips, testClips, digest };
};

type Inputs = Awaited<ReturnType<typeof readInputs>>;

const orNull = <Value>(value: Value | undefined): Value | null => value ?? null;

const describeRun = async (
  { artifact, recipe, clips, evaluationClips, testClips, digest }: Inputs,
  values: RunValues,
  device: Run["device"],
): Promise<Run> => ({
  graph: { path: artifact.path, sha256: await graphDigest(artifact) },
  data: orNull(values.data),
  labels: orNull(values.labels),
  fold: orNull(values.fold),
  evalData: orNull(values["eval-data"]),
  clips: {
    train: clips.length,
    evaluation: evaluationClips.length,
    ...(testClips.length > 0 ? { test: testClips.length } : {}),
    sha256: digest,
  },
  epochs: Number.isFinite(recipe.epochs) ? recipe.epochs : null,
  steps: orNull(values.steps),
  batch: recipe.batch,
  learningRate: recipe.learningRate,
  seed: recipe.seed,
  device,
});

/** Lets the run go where it cannot be prepared. */
const orUnlock = async (folder: RunFolder, prepare: () => Promise<PreparedRun>): Promise<PreparedRun> => {
  try {
    return await prepare();
  } catch (error) {
    unlockRun(folder.path);
    throw error;
  }
};

/**
 * @param out the run's folder, if the user names one
 * @param overwrite whether an earlier run there may go
 * @param command the command line, for the record
 * @throws UserError where the inputs cannot be read or the folder cannot be used
 */
export const prepareNewRun = async (
  graph: string,
  values: RunValues,
  {
    out,
    overwrite = false,
    command,
    output,
  }: {
    readonly out: string | undefined;
    readonly overwrite?: boolean | undefined;
    readonly command: readonly string[];
    readonly output: Output;
  },
): Promise<PreparedRun> => {
  const inputs = await readInputs(graph, values, output);
  const { artifact, recipe, data, clips, evaluationClips, testClips } = inputs;
  const device = await selectDevice(values.device ?? "auto", output);
  const run = await describeRun(inputs, values, device.kind);
  const folder = createRunFolder(out, artifact.metadata.specName, graph, overwrite);
  return orUnlock(folder, async () => {
    await writeConfig(folder.config, { run, command: [...command] }, { artifact, recipe, device });
    const steps = values.steps ?? Infinity;
    return {
      options: { artifact, recipe, steps, device, clips, evaluationClips, testClips, folder, run: runDigest(run) },
      data,
    };
  });
};

/** A path of a run's, as seen from this folder. */
const fromHere = (path: string, workingDirectory: string): string =>
  isAbsolute(path) || workingDirectory === process.cwd() ? path : relative(".", resolve(workingDirectory, path)) || ".";

/** A run's options as a command line would give them. */
const valuesOf = (run: Run, workingDirectory: string): RunValues => {
  const path = (value: string | null) => (value === null ? undefined : fromHere(value, workingDirectory));
  return {
    data: path(run.data),
    labels: path(run.labels),
    fold: run.fold ?? undefined,
    "eval-data": path(run.evalData),
    epochs: run.epochs ?? undefined,
    steps: run.steps ?? undefined,
    batch: run.batch,
    lr: run.learningRate,
    seed: run.seed,
    device: run.device,
  };
};

const pathOptions = new Set(["data", "labels", "eval-data"]);

/** Options that are repeated must be the run's. */
const requireSameValues = (folder: string, given: RunValues, own: RunValues): void => {
  const canonical = (name: string, value: unknown) => (pathOptions.has(name) ? resolve(String(value)) : value);
  const conflicts = (Object.keys(own) as (keyof RunValues)[]).flatMap((name) => {
    const [now, then] = [given[name], own[name]];
    if (now === undefined || (name === "device" && now === "auto")) return [];
    if (then === undefined) return [`--${name} is not given there`];
    return canonical(name, now) === canonical(name, then) ? [] : [`--${name} is ${then} there, not ${now}`];
  });
  if (conflicts.length === 0) return;
  throw new UserError(
    `${folder} goes on as it was started: ${conflicts.join("; ")}; leave the option${conflicts.length > 1 ? "s" : ""} out, or name another folder with --out`,
  );
};

/** The epochs that a run is to have, where they are more than it was started with. */
const addedEpochs = ({ epochs: then }: Run, { epochs: now }: RunValues): number | undefined =>
  now !== undefined && then !== null && now > then ? now : undefined;

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
    throw new UserError(`--epochs ${recipe.epochs}: ${reason}`);
  };
  if (steps !== null) fail(`the run ends after its --steps ${steps}, whatever its epochs`);
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

const requireSameInputs = (folder: RunFolder, now: Run, then: Run): void => {
  if (now.graph.sha256 !== then.graph.sha256) {
    throw new UserError(
      `${now.graph.path}: not the graph that ${folder.path} was started with: its content has changed`,
    );
  }
  if (now.clips.sha256 === then.clips.sha256) return;
  const count = ({ train, evaluation }: Run["clips"]) => `${train} to train on and ${evaluation} to evaluate on`;
  throw new UserError(
    `${now.data ?? "the embedded sounds"}: not the clips that ${folder.path} was started with: ${count(then.clips)}; now ${count(now.clips)}, or others`,
  );
};

/** What a checkpoint of the run must be. */
const expectedCheckpoint = (run: string, artifact: Artifact): ExpectedCheckpoint => {
  const changing = trainingProgram(artifact).states.flatMap(({ stored, next }) => (next === undefined ? [] : [stored]));
  const isParameter = new Set(artifact.parameters.map(({ name }) => name));
  return { run, changing, averaged: changing.filter(({ name }) => isParameter.has(name)) };
};

/**
 * @param out the run's folder
 * @param graph where the run's graph is now; default: where it was
 * @param given options on the command line, which must be the run's
 * @throws UserError where there is no run, or something that decides it has changed
 */
export const prepareResumedRun = async (
  out: string,
  graph: string | undefined,
  given: RunValues,
  output: Output,
): Promise<PreparedRun> => {
  const folder = openRunFolder(out);
  return orUnlock(folder, async () => {
    const { run: own, workingDirectory } = readConfig(folder.config);
    const started = valuesOf(own, workingDirectory);
    const epochs = addedEpochs(own, given);
    requireSameValues(out, { ...given, ...(epochs === undefined ? {} : { epochs: undefined }) }, started);
    const values = { ...started, epochs: epochs ?? started.epochs };
    const inputs = await readInputs(graph ?? fromHere(own.graph.path, workingDirectory), values, output);
    requireSameInputs(folder, await describeRun(inputs, values, own.device), own);
    const { artifact, recipe, data, clips, evaluationClips, testClips } = inputs;
    const run = runDigest(own);
    const steps = own.steps ?? Infinity;
    const saved = await readCheckpoint(folder, expectedCheckpoint(run, artifact), output.note);
    const checkpoint = saved && {
      ...saved,
      progress: reopen(saved.progress, recipe, countSteps({ clips, recipe, steps })),
    };
    if (epochs !== undefined) {
      requireSameCourse(recipe, own, checkpoint?.progress);
      await setEpochs(folder.config, epochs);
    }
    const device = await selectDevice(own.device, output);
    return {
      options: { artifact, recipe, steps, device, clips, evaluationClips, testClips, folder, run, checkpoint },
      data,
    };
  });
};
