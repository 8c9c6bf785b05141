/**
 * A training's state in one file, so that no two parts of it can disagree: tensors, and the progress in the header. The file
 * proves itself, and the one before it is kept.
 */
import { existsSync, renameSync } from "node:fs";
import * as v from "valibot";
import { UserError, orUserError } from "../user-error.ts";
import { trainingCheckpointFormat } from "../../compiler/artifact/metadata.ts";
import { readSafetensors } from "../safetensors/read-safetensors.ts";
import { requireSeal } from "../safetensors/seal.ts";
import { type WritableTensor, writeSafetensors } from "../safetensors/write-safetensors.ts";
import type { StoredTensor } from "../artifact/stored-tensor.ts";
import type { TrainingSession } from "../engine/training-session.ts";
import { writeFailure } from "../files/write-failure.ts";
import { parseJson } from "../text/json.ts";
import { progressSchema, type TrainingProgress, type TrainingState } from "./training-progress.ts";

/** The values of its tensors are still in the file. */
export interface Checkpoint extends TrainingState {
  /** How much of the event log was written before. */
  readonly logBytes: number;
}

/** The newest checkpoint of a run, and the one before it. */
export interface CheckpointFiles {
  readonly checkpoint: string;
  readonly previousCheckpoint: string;
}

const formatVersion = "3";
const statePrefix = "state/";
const sumPrefix = "average/";

const contentSchema = v.object({ progress: progressSchema, logBytes: v.pipe(v.number(), v.safeInteger()) });

/**
 * @param run what the checkpoint belongs to: it is read for the same run only
 * @param requireFinite given each float32 state before it is written; an error of its ends the writing
 * @throws UserError where the file cannot be written; an earlier one is then as it was
 */
export const writeCheckpoint = async (
  { checkpoint: path, previousCheckpoint }: CheckpointFiles,
  content: { readonly run: string; readonly progress: TrainingProgress; readonly logBytes: number },
  { changing, read }: Pick<TrainingSession, "changing" | "read">,
  sums: readonly WritableTensor[],
  requireFinite: (name: string, values: Float32Array) => void,
): Promise<void> => {
  const { run, ...rest } = content;
  const states = changing.map(({ name, type, dims }): WritableTensor => ({
    name: statePrefix + name,
    type,
    shape: dims,
    read: async () => {
      const { data } = await read(name);
      if (data instanceof Float32Array) requireFinite(name, data);
      return data as Float32Array | Int32Array | BigInt64Array;
    },
  }));
  const averages = sums.map((sum) => ({ ...sum, name: sumPrefix + sum.name }));
  const metadata = { format: trainingCheckpointFormat, formatVersion, run, content: JSON.stringify(rest) };
  try {
    await writeSafetensors(path, [...states, ...averages], metadata, previousCheckpoint);
  } catch (error) {
    throw writeFailure(path, error);
  }
};

const parseContent = (path: string, text: string): v.InferOutput<typeof contentSchema> => {
  const content = parseJson(contentSchema, text);
  if (content) return content;
  throw new UserError("file-damaged", { path }, "the file is damaged: it does not tell how far the training had come");
};

const tensorsUnder = (prefix: string, tensors: readonly StoredTensor[]): ReadonlyMap<string, StoredTensor> =>
  new Map(
    tensors
      .filter(({ name }) => name.startsWith(prefix))
      .map((tensor) => [tensor.name.slice(prefix.length), { ...tensor, name: tensor.name.slice(prefix.length) }]),
  );

const describe = ({ type, dims }: StoredTensor): string => `${type} [${dims.join(", ")}]`;

const requireTensors = (
  path: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  expected: readonly StoredTensor[],
): void => {
  for (const tensor of expected) {
    const found = tensors.get(tensor.name);
    if (!found)
      throw new UserError(
        "file-damaged",
        { path, tensor: tensor.name },
        `the file is damaged: it has no ${tensor.name}`,
      );
    if (describe(found) === describe(tensor)) continue;
    throw new UserError(
      "file-damaged",
      { path, tensor: tensor.name },
      `the file is damaged: ${tensor.name} is ${describe(found)}; the graph's is ${describe(tensor)}`,
    );
  }
};

/** A checkpoint's header, whichever run's it is. @throws UserError where the file is broken or something else */
const openCheckpoint = (path: string) => {
  const { metadata, tensors } = readSafetensors(path);
  const version = metadata.get("formatVersion");
  if (metadata.get("format") !== trainingCheckpointFormat)
    throw new UserError("not-a-checkpoint", { path }, "not a checkpoint of a training");
  if (version !== formatVersion) {
    throw new UserError(
      "checkpoint-version-unknown",
      { path, version },
      `has checkpoint version ${version}; this runtime reads ${formatVersion}`,
    );
  }
  return { run: metadata.get("run"), content: parseContent(path, metadata.get("content") ?? ""), tensors };
};

/**
 * How far the training came that these files are of, by their headers.
 * @returns undefined where there are none
 * @throws UserError where the newest is broken
 */
export const readProgress = ({ checkpoint, previousCheckpoint }: CheckpointFiles): TrainingProgress | undefined => {
  const newest = [checkpoint, previousCheckpoint].find((path) => existsSync(path));
  return newest === undefined ? undefined : openCheckpoint(newest).content.progress;
};

/** What a checkpoint must be, to be gone on from. */
export interface ExpectedCheckpoint {
  /** The run that it belongs to. */
  readonly run: string;
  /** The states that training changes. */
  readonly changing: readonly StoredTensor[];
  /** The parameters whose sums it has, once an epoch counts. */
  readonly averaged: readonly StoredTensor[];
}

/** A checkpoint by its header. @throws UserError where it is broken, incomplete, another run's or another graph's */
const parseCheckpoint = (path: string, { run, changing, averaged }: ExpectedCheckpoint): Checkpoint => {
  const { run: writer, content, tensors } = openCheckpoint(path);
  if (writer !== run) {
    throw new UserError(
      "checkpoint-foreign",
      { path },
      "belongs to another training than the config.json beside it; keep each run's files together",
    );
  }
  const [states, sums] = [tensorsUnder(statePrefix, tensors), tensorsUnder(sumPrefix, tensors)];
  requireTensors(path, states, changing);
  requireTensors(path, sums, content.progress.averaged > 0 ? averaged : []);
  return { ...content, states, sums };
};

/** A checkpoint of which every byte is as it was written, or why it cannot be gone on from. */
const proveCheckpoint = (path: string, expected: ExpectedCheckpoint): Promise<Checkpoint | UserError> =>
  orUserError(async () => {
    const checkpoint = parseCheckpoint(path, expected);
    await requireSeal(path);
    return checkpoint;
  });

/**
 * The newest checkpoint that is whole. Where that is the one before the newest, it takes its place.
 * @param note told what is wrong with the newest
 * @returns undefined where there is none
 * @throws UserError where there are some and none can be gone on from
 */
export const readCheckpoint = async (
  { checkpoint, previousCheckpoint }: CheckpointFiles,
  expected: ExpectedCheckpoint,
  note: (text: string) => void,
): Promise<Checkpoint | undefined> => {
  if (![checkpoint, previousCheckpoint].some((path) => existsSync(path))) return undefined;
  const newest = await proveCheckpoint(checkpoint, expected);
  if (!(newest instanceof UserError)) return newest;
  const earlier = existsSync(previousCheckpoint) ? await proveCheckpoint(previousCheckpoint, expected) : newest;
  if (earlier instanceof UserError) throw newest;
  renameSync(previousCheckpoint, checkpoint);
  note(`${newest.message}; going on from the checkpoint before it, of step ${earlier.progress.steps}`);
  return parseCheckpoint(checkpoint, expected);
};
