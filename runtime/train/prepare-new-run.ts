/** From a graph, clips and options to a new run. */
import type { SplitClips } from "../data/split-clips.ts";
import { folderOfData } from "../data/sources/given-clips.ts";
import { selectDescribed } from "../devices/select-described.ts";
import { writeRunClips } from "../runs/run-clips.ts";
import { graphDigest, type Run, runDigest, writeConfig } from "../runs/run-config.ts";
import { createRunFolder, requireFreeFolder } from "../runs/run-folder.ts";
import { orUnlock } from "../runs/run-lock.ts";
import { toRunPath } from "../runs/run-places.ts";
import { digestOf, gatherClips } from "./gather-clips.ts";
import {
  examinerFor,
  type PreparedRun,
  type PrepareOptions,
  readInputs,
  recordLeftOut,
  type RunInputs,
  toPreparedRun,
} from "./prepared-run.ts";
import { describeWarmup } from "./recipe-options.ts";
import { requireMemory } from "./require-memory.ts";
import { countSteps } from "./run-epoch.ts";
import type { RunOptions } from "./run-options.ts";

const orNull = <Value>(value: Value | undefined): Value | null => value ?? null;

const describeLists = (options: RunOptions): Pick<Run, "lists"> => {
  const lists = (["data", "evalData"] as const).filter((name) => typeof options[name] === "object");
  return lists.length > 0 ? { lists } : {};
};

const describeRun = async (
  { artifact, recipe }: RunInputs,
  { train, evaluation, test }: SplitClips,
  options: RunOptions,
  device: Run["device"],
): Promise<Run> => ({
  graph: { path: artifact.path, sha256: await graphDigest(artifact) },
  data: orNull(folderOfData(options.data)),
  labels: orNull(options.labels),
  fold: orNull(options.fold),
  evalData: orNull(folderOfData(options.evalData)),
  ...describeLists(options),
  clips: {
    train: train.length,
    evaluation: evaluation.length,
    ...(test.length > 0 ? { test: test.length } : {}),
    sha256: digestOf({ train, evaluation, test }, options),
  },
  epochs: Number.isFinite(recipe.epochs) ? recipe.epochs : null,
  steps: orNull(options.steps),
  batch: recipe.batch,
  learningRate: recipe.learningRate,
  seed: recipe.seed,
  device,
});

/**
 * @param out the run's folder, if the user names one
 * @param overwrite whether an earlier run there may go
 * @param command the command line, for the record
 * @returns undefined where the signal ended it
 * @throws UserError where the inputs cannot be read or the folder cannot be used
 */
export const prepareNewRun = async (
  graph: string,
  options: RunOptions,
  {
    out,
    overwrite = false,
    command,
    ...preparing
  }: PrepareOptions & {
    readonly out: string | undefined;
    readonly overwrite?: boolean | undefined;
    readonly command: readonly string[];
  },
): Promise<PreparedRun | undefined> => {
  const { note, skipBad = false } = preparing;
  const inputs = readInputs(graph, options);
  if (out !== undefined) requireFreeFolder(out, graph, overwrite);
  const { artifact, recipe } = inputs;
  const steps = options.steps ?? Infinity;
  const gathered = await gatherClips({
    ...inputs,
    options,
    examine: examinerFor(artifact, preparing),
    skipBad,
    note,
  });
  if (!gathered) return undefined;
  const { clips } = gathered;
  const warmup = describeWarmup(recipe, countSteps({ clips: clips.train, recipe, steps }));
  if (warmup !== undefined) note(warmup);
  const described = await selectDescribed(options.device);
  const { device } = described;
  const memory = requireMemory(inputs, gathered.lengths, device, undefined, preparing.sharing);
  const run = await describeRun(inputs, clips, options, device.kind);
  const folder = createRunFolder(out, artifact.metadata.specName, graph, overwrite);
  return orUnlock(folder.path, async () => {
    const leftOut = gathered.leftOut.map(({ clip, reason }) => ({ clip: toRunPath(folder.path, clip), reason }));
    await writeRunClips(folder, clips, artifact.metadata.classes);
    await writeConfig(folder.config, { run, leftOut, command: [...command] }, { artifact, recipe, device });
    return toPreparedRun(inputs, options, gathered, described, memory, {
      leaveOut: skipBad ? recordLeftOut(folder, run.epochs, leftOut) : undefined,
      folder,
      workingDirectory: process.cwd(),
      run: runDigest(run),
    });
  });
};
