/** A run that goes on, as if it had never stopped. */
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { selectDescribed } from "../devices/select-described.ts";
import { changingStates, trainingProgram } from "../engine/session-program.ts";
import { type ExpectedCheckpoint, readCheckpoint } from "../runs/checkpoint.ts";
import { changeConfig, graphDigest, readConfig, type Run, runDigest } from "../runs/run-config.ts";
import { openRunFolder, type RunFolder } from "../runs/run-folder.ts";
import { orUnlock, unlockRun } from "../runs/run-lock.ts";
import { fromRunPath, runPlaces, toRunPath } from "../runs/run-places.ts";
import { isStalled, reopen, type TrainingProgress } from "../runs/training-progress.ts";
import { UserError } from "../user-error.ts";
import {
  examinerFor,
  type PreparedRun,
  type PrepareOptions,
  readInputs,
  recordLeftOut,
  toPreparedRun,
} from "./prepared-run.ts";
import { requireSameLists } from "./require-same-lists.ts";
import { restoreClips } from "./restore-clips.ts";
import { requireMemory } from "./require-memory.ts";
import { countSteps } from "./run-epoch.ts";
import { addedEpochs, optionsOf, requireSameOptions, type RunOptions } from "./run-options.ts";

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
 * @param given options, which must be the run's
 * @returns undefined where the signal ended it
 * @throws UserError where there is no run, or something that decides it has changed
 */
export const prepareResumedRun = async (
  out: string,
  graph: string | undefined,
  given: RunOptions,
  preparing: PrepareOptions,
): Promise<PreparedRun | undefined> => {
  const { note, skipBad = false } = preparing;
  const folder = openRunFolder(out);
  return orUnlock(folder.path, async () => {
    const config = readConfig(folder.config);
    const { run: own, leftOut: earlier } = config;
    const { folder: origin, workingDirectory } = runPlaces(out, config);
    const started = optionsOf(own, workingDirectory);
    const added = addedEpochs(own, given);
    requireSameOptions(out, added === undefined ? given : { ...given, epochs: undefined }, started);
    const options = { ...started, epochs: added ?? started.epochs };
    const inputs = readInputs(graph ?? fromRunPath(workingDirectory, own.graph.path), options);
    const { artifact, recipe } = inputs;
    await requireSameGraph(folder, own, artifact);
    const gathered = await restoreClips(
      folder,
      own,
      earlier.map(({ clip, reason }) => ({ clip: fromRunPath(origin, clip), reason })),
      { ...inputs, options, origin, examine: examinerFor(artifact, preparing), skipBad, note },
    );
    if (!gathered) {
      unlockRun(folder.path);
      return undefined;
    }
    await requireSameLists(out, given, started, gathered, artifact.metadata);
    const { clips } = gathered;
    const run = runDigest(own);
    const steps = own.steps ?? Infinity;
    const saved = await readCheckpoint(folder, expectedCheckpoint(run, artifact), note);
    const totalSteps = countSteps({ clips: clips.train, recipe, steps });
    const checkpoint = saved && { ...saved, progress: reopen(saved.progress, recipe, totalSteps) };
    if (added !== undefined) requireSameCourse(recipe, own, checkpoint?.progress);
    const epochs = added ?? own.epochs;
    const described = await selectDescribed(own.device);
    const memory = requireMemory(inputs, gathered.lengths, described.device, undefined, preparing.sharing);
    const leftOut = gathered.leftOut.map(({ clip, reason }) => ({ clip: toRunPath(origin, clip), reason }));
    if (added !== undefined || leftOut.length > earlier.length) await changeConfig(folder.config, { epochs, leftOut });
    return toPreparedRun(inputs, options, gathered, described, memory, {
      leaveOut: skipBad ? recordLeftOut({ ...folder, path: origin }, epochs, leftOut) : undefined,
      folder,
      workingDirectory,
      run,
      checkpoint,
    });
  });
};
