import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSafetensors } from "../../../runtime/safetensors/read-safetensors.ts";
import { writeSafetensors } from "../../../runtime/safetensors/write-safetensors.ts";
import type { StoredTensor } from "../../../runtime/session/stored-tensor.ts";
import { readCheckpoint, readProgress } from "../../../runtime/train/checkpoint.ts";
import { train } from "../../../runtime/train/train.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { collect, optionsIn } from "./linear-training.ts";

const state = (name: string, type: StoredTensor["type"], ...dims: number[]): StoredTensor => ({
  name,
  type,
  dims,
  storage: { kind: "zeros" },
});
const weight = state("weight", "float32", 4, 2);
const changing = [weight, state("velocity", "float32", 4, 2), state("steps", "int32")];

/** A finished run with averaged parameters. @returns its checkpoint's path */
const write = async (): Promise<string> => {
  const options = optionsIn(temporaryFolder(), { recipe: { averaging: { from: 1, to: 2 } } });
  await collect(options);
  return options.folder.checkpoint;
};

test("it holds the states, the sums and the progress", async () => {
  const path = await write();
  const checkpoint = readCheckpoint(path, "a run", changing, [weight]);
  expect(checkpoint && [...checkpoint.states.keys()]).toStrictEqual(["steps", "velocity", "weight"]);
  expect(checkpoint && [...checkpoint.sums.keys()]).toStrictEqual(["weight"]);
  expect(readProgress(path)).toMatchObject({ epochs: 2, steps: 4, epochSteps: 0, averaged: 2, finished: true });
});

test("there may be none", () => {
  const path = join(temporaryFolder(), "checkpoint.safetensors");
  expect(readCheckpoint(path, "a run", changing, [])).toBeUndefined();
  expect(readProgress(path)).toBeUndefined();
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
    new UserError(
      "the parameters are not finite after step 1, with a learning rate of 3e+38; try a lower one, such as --lr 3e+37",
    ),
  );
  expect(readProgress(options.folder.checkpoint)).toBeUndefined();
  expect(readdirSync(options.folder.path)).toStrictEqual(["metrics.jsonl", "run.lock", "usage.json"]);
});

test("another run's", async () => {
  const path = await write();
  expect(() => readCheckpoint(path, "another run", changing, [])).toThrow(
    new UserError(
      `${path}: belongs to another training than the config.json beside it; keep each run's files together`,
    ),
  );
});

test("incomplete, or of another graph", async () => {
  const path = await write();
  expect(() => readCheckpoint(path, "a run", [...changing, state("moment", "float32")], [])).toThrow(
    new UserError(`${path}: the file is damaged: it has no moment`),
  );
  expect(() => readCheckpoint(path, "a run", [state("steps", "int64")], [])).toThrow(
    new UserError(`${path}: the file is damaged: steps is int32 []; the graph's is int64 []`),
  );
  expect(() => readCheckpoint(path, "a run", [], [state("weight", "float32", 8)])).toThrow(
    new UserError(`${path}: the file is damaged: weight is float32 [4, 2]; the graph's is float32 [8]`),
  );
});

test("something else, or of another version", async () => {
  const path = join(temporaryFolder(), "checkpoint.safetensors");
  writeFileSync(path, "nonsense");
  expect(() => readProgress(path)).toThrow(new UserError(`${path}: not a safetensors file, or cut short`));
  await writeSafetensors(path, [], { format: "pt" });
  expect(() => readProgress(path)).toThrow(new UserError(`${path}: not a checkpoint of a training`));
  const format = "specgraph checkpoint";
  await writeSafetensors(path, [], { format, formatVersion: "1" });
  expect(() => readProgress(path)).toThrow(new UserError(`${path}: has checkpoint version 1; this runtime reads 2`));
  for (const content of ["", "{}", '{"progress":{"epochs":-1},"logBytes":0}']) {
    await writeSafetensors(path, [], { format, formatVersion: "2", content });
    expect(() => readProgress(path)).toThrow(
      new UserError(`${path}: the file is damaged: it does not tell how far the training had come`),
    );
  }
});

test("cut short", async () => {
  const path = await write();
  const whole = readFileSync(path);
  const copy = join(temporaryFolder(), "checkpoint.safetensors");
  copyFileSync(path, copy);
  writeFileSync(copy, whole.subarray(0, whole.length - 4));
  const { tensors } = readSafetensors(path);
  expect(tensors.at(-1)?.name).toBe("state/weight");
  expect(() => readCheckpoint(copy, "a run", changing, [weight])).toThrow(
    new UserError(`${copy}: the file is cut short: state/weight ends at byte ${whole.length} of ${whole.length - 4}`),
  );
});
