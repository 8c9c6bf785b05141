import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeSafetensors } from "../../../runtime/safetensors/write-safetensors.ts";
import { readTensor, type StoredTensor } from "../../../runtime/artifact/stored-tensor.ts";
import {
  type Checkpoint,
  type CheckpointFiles,
  type ExpectedCheckpoint,
  readCheckpoint,
  readProgress,
} from "../../../runtime/runs/checkpoint.ts";
import { type RunFolder, runFolder } from "../../../runtime/runs/run-folder.ts";
import { train } from "../../../runtime/train/train.ts";
import { saying } from "../saying.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { collect, optionsIn } from "../train/linear-training.ts";

const state = (name: string, type: StoredTensor["type"], ...dims: number[]): StoredTensor => ({
  name,
  type,
  dims,
  storage: { kind: "zeros" },
});
const weight = state("weight", "float32", 4, 2);
const changing = [weight, state("velocity", "float32", 4, 2), state("steps", "int32")];

/** A finished run with averaged parameters. */
const write = async (): Promise<RunFolder> => {
  const options = optionsIn(temporaryFolder(), { recipe: { averaging: { from: 1, to: 2 } } });
  await collect(options);
  return options.folder;
};

type Note = (text: string) => void;
const unexpected: Note = (text) => expect.fail(text);
const read = (files: CheckpointFiles, changes: Partial<ExpectedCheckpoint> = {}, note = unexpected) =>
  readCheckpoint(files, { run: "a run", changing, averaged: [weight], ...changes }, note);

test("it holds the states, the sums and the progress", async () => {
  const folder = await write();
  const checkpoint = await read(folder);
  expect(checkpoint && [...checkpoint.states.keys()]).toStrictEqual(["steps", "velocity", "weight"]);
  expect(checkpoint && [...checkpoint.sums.keys()]).toStrictEqual(["weight"]);
  expect(readProgress(folder)).toMatchObject({ epochs: 2, steps: 4, epochSteps: 0, averaged: 2, finished: true });
});

test("there may be none", async () => {
  const folder = runFolder(temporaryFolder());
  expect(await read(folder)).toBeUndefined();
  expect(readProgress(folder)).toBeUndefined();
});

/** Every value of a checkpoint, and how far it had come. */
const contentOf = async (checkpoint: Checkpoint | undefined) => ({
  progress: checkpoint?.progress,
  states: await Promise.all([...(checkpoint?.states.values() ?? [])].map(readTensor)),
});

test("a bit that flips anywhere is noticed, and the checkpoint before it is gone on from", async () => {
  const folder = await write();
  const [newest, before] = [folder.checkpoint, folder.previousCheckpoint].map((path) => readFileSync(path));
  if (!newest || !before) throw new Error("there are two");
  const expected = await contentOf(await read({ checkpoint: folder.previousCheckpoint, previousCheckpoint: "none" }));
  expect(expected.progress).toMatchObject({ epochs: 1, steps: 2 });
  for (let byte = 0; byte < newest.length; byte += 3) {
    const flipped = Buffer.from(newest);
    flipped[byte] = (flipped[byte] ?? 0) ^ (1 << (byte % 8));
    writeFileSync(folder.checkpoint, flipped);
    writeFileSync(folder.previousCheckpoint, before);
    const notes: string[] = [];
    expect(await contentOf(await read(folder, {}, (text) => void notes.push(text)))).toStrictEqual(expected);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain("; going on from the checkpoint before it, of step 2");
  }
  // It has taken the newest one's place.
  expect(readFileSync(folder.checkpoint)).toStrictEqual(before);
  expect(existsSync(folder.previousCheckpoint)).toBe(false);
});

test("the newest one is damaged, cut short or gone", async () => {
  const folder = await write();
  const [newest, before] = [folder.checkpoint, folder.previousCheckpoint].map((path) => readFileSync(path));
  if (!newest || !before) throw new Error("there are two");
  const noted = async (content: Buffer | undefined): Promise<string> => {
    rmSync(folder.checkpoint, { force: true });
    if (content) writeFileSync(folder.checkpoint, content);
    writeFileSync(folder.previousCheckpoint, before);
    const notes: string[] = [];
    await read(folder, {}, (text) => void notes.push(text));
    return notes.join("\n").replaceAll(folder.path, "run");
  };
  const goingOn = "going on from the checkpoint before it, of step 2";
  const path = join("run", "checkpoint.safetensors");
  const { length } = newest;
  expect(await noted(Buffer.from(newest).fill(1, length - 1))).toBe(
    `${path}: the file is damaged: its bytes are not those that were written; ${goingOn}`,
  );
  expect(await noted(Buffer.concat([newest, Buffer.alloc(1)]))).toBe(
    `${path}: the file is damaged: no tensor covers bytes 100 to 101 of the data, after the last tensor; ${goingOn}`,
  );
  expect(await noted(newest.subarray(0, length - 4))).toBe(
    `${path}: tensor "state/weight" ends at byte 100 of the data, which has 96; the file is truncated or its header lies; ${goingOn}`,
  );
  expect(await noted(Buffer.alloc(0))).toBe(`${path}: not a safetensors file, or cut short; ${goingOn}`);
  expect(await noted(undefined)).toBe(`${path}: there is no such file; ${goingOn}`);
});

test("both are damaged", async () => {
  const folder = await write();
  for (const path of [folder.checkpoint, folder.previousCheckpoint]) {
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(1, bytes.length - 1));
  }
  await expect(read(folder)).rejects.toThrow(
    saying(`${folder.checkpoint}: the file is damaged: its bytes are not those that were written`),
  );
  expect(existsSync(folder.previousCheckpoint)).toBe(true);
});

test("parameters that are not finite are never saved", async () => {
  const interruption = new AbortController();
  const options = optionsIn(temporaryFolder(), {
    recipe: { learningRate: 3e38, batch: 2 },
    signal: interruption.signal,
  });
  const training = train(options);
  await training.next(); // the first step: its loss is finite, what it leaves is not
  interruption.abort();
  await expect(training.next()).rejects.toThrow(
    saying(
      "the parameter weight is not finite after step 1, with a learning rate of 3e+38; try a lower rate, such as --lr 3e+37",
    ),
  );
  expect(readProgress(options.folder)).toBeUndefined();
  expect(readdirSync(options.folder.path)).toStrictEqual(["metrics.jsonl", "run.lock", "usage.json"]);
});

test("another run's", async () => {
  const folder = await write();
  await expect(read(folder, { run: "another run" })).rejects.toThrow(
    saying(
      `${folder.checkpoint}: belongs to another training than the config.json beside it; keep each run's files together`,
    ),
  );
});

test("incomplete, or of another graph", async () => {
  const folder = await write();
  const path = folder.checkpoint;
  await expect(read(folder, { changing: [...changing, state("moment", "float32")] })).rejects.toThrow(
    saying(`${path}: the file is damaged: it has no moment`),
  );
  await expect(read(folder, { changing: [state("steps", "int64")] })).rejects.toThrow(
    saying(`${path}: the file is damaged: steps is int32 []; the graph's is int64 []`),
  );
  await expect(read(folder, { averaged: [state("weight", "float32", 8)] })).rejects.toThrow(
    saying(`${path}: the file is damaged: weight is float32 [4, 2]; the graph's is float32 [8]`),
  );
});

test("something else, or of another version", async () => {
  const folder = runFolder(temporaryFolder());
  const path = folder.checkpoint;
  writeFileSync(path, "nonsense");
  expect(() => readProgress(folder)).toThrow(saying(`${path}: not a safetensors file, or cut short`));
  await writeSafetensors(path, [], { format: "pt" });
  expect(() => readProgress(folder)).toThrow(saying(`${path}: not a checkpoint of a training`));
  const format = "specgraph checkpoint";
  await writeSafetensors(path, [], { format, formatVersion: "2" });
  expect(() => readProgress(folder)).toThrow(saying(`${path}: has checkpoint version 2; this runtime reads 3`));
  for (const content of ["", "{}", '{"progress":{"epochs":-1},"logBytes":0}']) {
    await writeSafetensors(path, [], { format, formatVersion: "3", content });
    expect(() => readProgress(folder)).toThrow(
      saying(`${path}: the file is damaged: it does not tell how far the training had come`),
    );
  }
});
