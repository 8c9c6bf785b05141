import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Output } from "../../../runtime/output.ts";
import { prepareNewRun, prepareResumedRun, type RunValues } from "../../../runtime/train/prepare-run.ts";
import { train } from "../../../runtime/train/train.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { runtimeVersion } from "../../../runtime/version.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { linearModel, metadata, writeExternalModel, writeLinearModel } from "../session/linear-artifact.ts";
import { load } from "./linear-training.ts";

const silent: Output = {
  json: () => undefined,
  result: () => undefined,
  progress: () => undefined,
  note: () => undefined,
  terminal: undefined,
};

/** A graph and clips in the folder that is current until the test ends. */
const enterWorkspace = (): string => {
  const names = ["low", "high"].flatMap((label) => [0, 1, 2, 3, 4].map((index) => `clips/${label}/${index}.wav`));
  const folder = temporaryFolder(Object.fromEntries(names.map((name) => [name, wavBytes([1, 0, 0, 0])])));
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  writeExternalModel(".");
  return folder;
};

const values: RunValues = { data: "clips", epochs: 3, batch: 3, lr: 0.25, seed: 7, device: "cpu" };
const command = ["runtime", "train", "graph.onnx"];
const startRun = (changes: RunValues = {}) =>
  prepareNewRun("graph.onnx", { ...values, ...changes }, { out: "run", command, output: silent });
const resumeRun = (given: RunValues = {}, graph?: string) => prepareResumedRun("run", graph, given, silent);

/** Runs it until an epoch is done. */
const trainOneEpoch = async (options: Awaited<ReturnType<typeof startRun>>["options"]): Promise<void> => {
  const interruption = new AbortController();
  const clip = { name: "0", source: { path: "0" }, classIndices: [0] };
  const events = train({
    ...options,
    load: () => load(clip),
    checkpointMinutes: 10,
    signal: interruption.signal,
  });
  for await (const event of events) if (event.event === "eval") interruption.abort();
};

test("what is doubtful about a run is told: no clip of a class, clips known from training, no steps after the warm-up", async () => {
  enterWorkspace();
  const notes: string[] = [];
  const output: Output = { ...silent, note: (text) => void notes.push(text) };
  const warmup = { kind: "linear", steps: 9 } as const;
  const recipe = { ...metadata.recipe, schedule: { kind: "constant", warmup } } as const;
  writeLinearModel(".", linearModel({ classes: ["low", "high", "middle"], recipe }));
  await prepareNewRun("graph.onnx", values, { out: "run", command, output });
  expect(notes).toStrictEqual([
    'clips: no clip to train on for 1 of 3 classes: "middle"',
    "the learning rate is not reached: its warm-up takes 9 steps, and the whole training has 9",
  ]);
  notes.length = 0;
  await prepareNewRun(
    "graph.onnx",
    { ...values, epochs: 4, "eval-data": "./clips" },
    { out: "longer", command, output },
  );
  expect(notes.slice(1)).toStrictEqual([
    `10 of the 10 clips to evaluate on are also trained on, among them ${join("clips", "high", "0.wav")}`,
  ]);
});

test("config.json tells what decides a run, and where it ran", async () => {
  const folder = enterWorkspace();
  await startRun();
  const config = JSON.parse(readFileSync(join("run", "config.json"), "utf8")) as object;
  const digest = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
  expect(config).toStrictEqual({
    formatVersion: 1,
    run: {
      graph: { path: "graph.onnx", sha256: digest },
      data: "clips",
      labels: null,
      fold: null,
      evalData: null,
      clips: { train: 8, evaluation: 2, sha256: digest },
      epochs: 3,
      steps: null,
      batch: 3,
      learningRate: 0.25,
      seed: 7,
      device: "cpu",
    },
    workingDirectory: expect.stringContaining(folder) as string,
    command,
    startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    model: {
      specName: "linear",
      specHash: "0123456789abcdef",
      objective: "single-label",
      classes: ["low", "high"],
      sampleRateHz: 16_000,
      parameters: 8,
    },
    recipe: expect.objectContaining({
      epochs: 3,
      batch: 3,
      learningRate: 0.25,
      seed: 7,
      sampling: "shuffled",
    }) as object,
    environment: {
      specgraph: runtimeVersion,
      node: process.version,
      onnxruntime: expect.any(String) as string,
      platform: expect.any(String) as string,
      cpu: expect.any(String) as string,
      cores: expect.any(Number) as number,
      memoryBytes: expect.any(Number) as number,
      device: expect.any(String) as string,
    },
  });
});

describe("a run that goes on", () => {
  test("has its own options and its checkpoint, seen from any folder", async () => {
    const folder = enterWorkspace();
    const { options } = await startRun();
    expect((await resumeRun()).options).toStrictEqual({ ...options, checkpoint: undefined });
    await trainOneEpoch(options);
    process.chdir("clips");
    const resumed = await prepareResumedRun(join("..", "run"), undefined, {}, silent);
    expect(resumed.options.recipe).toStrictEqual(options.recipe);
    expect(resumed.options.run).toBe(options.run);
    expect(resumed.options.checkpoint?.progress).toMatchObject({ epochs: 1, steps: 3 });
    expect(resumed.options.clips.map(({ source }) => "path" in source && existsSync(source.path))).not.toContain(false);
    process.chdir(folder);
  });

  test("takes steps without epochs for what they are", async () => {
    enterWorkspace();
    const { options } = await startRun({ epochs: undefined, steps: 5 });
    expect(options.recipe.epochs).toBe(Infinity);
    const resumed = await resumeRun();
    expect(resumed.options.recipe.epochs).toBe(Infinity);
    expect(resumed.options.steps).toBe(5);
  });

  test("may be given what it has, and the place of its graph", async () => {
    enterWorkspace();
    await startRun();
    const given = { ...values, data: join("..", process.cwd().split("/").at(-1) ?? "", "clips"), device: "auto" };
    expect((await resumeRun(given, join(process.cwd(), "graph.onnx"))).options.recipe.batch).toBe(3);
  });

  test.each<[RunValues, string]>([
    [{ epochs: 5 }, "--epochs is 3 there, not 5; leave the option out, or name another folder with --out"],
    [{ steps: 5 }, "--steps is not given there; leave the option out, or name another folder with --out"],
    [
      { data: "others", lr: 0.5, device: "webgpu" },
      "--data is clips there, not others; --lr is 0.25 there, not 0.5; --device is cpu there, not webgpu; leave the options out, or name another folder with --out",
    ],
  ])("not with other options: %o", async (given, message) => {
    enterWorkspace();
    await startRun();
    await expect(resumeRun(given)).rejects.toThrow(new UserError(`run goes on as it was started: ${message}`));
  });

  test("not on another graph", async () => {
    enterWorkspace();
    await startRun();
    appendFileSync("graph.onnx.data", "more");
    await expect(resumeRun()).rejects.toThrow(
      new UserError("graph.onnx: not the graph that run was started with: its content has changed"),
    );
  });

  test("not on other clips", async () => {
    enterWorkspace();
    await startRun();
    rmSync(join("clips", "low", "0.wav"));
    await expect(resumeRun()).rejects.toThrow(
      new UserError(
        "clips: not the clips that run was started with: 8 to train on and 2 to evaluate on; now 7 to train on and 2 to evaluate on, or others",
      ),
    );
  });

  test("not from a config that is something else", async () => {
    enterWorkspace();
    await startRun();
    const path = join("run", "config.json");
    for (const text of ["", "{}", readFileSync(path, "utf8").replace('"formatVersion": 1', '"formatVersion": 2')]) {
      writeFileSync(path, text);
      await expect(resumeRun()).rejects.toThrow(
        new UserError(`${path}: not what a training of this runtime's version wrote`),
      );
    }
  });
});

test("an interrupted run is not overwritten", async () => {
  enterWorkspace();
  await trainOneEpoch((await startRun()).options);
  await expect(startRun()).rejects.toThrow(
    new UserError(
      "run: holds a run that ended after step 3, before its end; go on with it: runtime train --resume --out run, or delete the folder",
    ),
  );
});
