import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { saying } from "../saying.ts";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Recipe } from "../../../compiler/artifact/recipe.ts";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { readPredictions } from "../../../runtime/runs/run-predictions.ts";
import { prepareNewRun } from "../../../runtime/train/prepare-new-run.ts";
import { prepareResumedRun } from "../../../runtime/train/prepare-resumed-run.ts";
import type { PreparedRun } from "../../../runtime/train/prepared-run.ts";
import type { RunOptions } from "../../../runtime/train/run-options.ts";
import { train } from "../../../runtime/train/train.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { version } from "../../../compiler/artifact/version.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { linearModel, metadata, writeExternalModel, writeLinearModel } from "../artifact/linear-artifact.ts";
import { load } from "./linear-training.ts";

/** A graph and clips in the folder that is current until the test ends. */
const enterWorkspace = (): string => {
  const names = ["low", "high"].flatMap((label) => [0, 1, 2, 3, 4].map((index) => `clips/${label}/${index}.wav`));
  // No two are the same.
  const folder = temporaryFolder(Object.fromEntries(names.map((name, index) => [name, wavBytes([1, index, 0, 0])])));
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  writeExternalModel(".");
  return folder;
};

const values: RunOptions = { data: "clips", epochs: 3, batch: 3, learningRate: 0.25, seed: 7, device: "cpu" };
const command = ["runtime", "train", "graph.onnx"];
const preparing = { note: () => undefined, signal: new AbortController().signal };
const prepared = async (preparation: Promise<PreparedRun | undefined>): Promise<PreparedRun> =>
  (await preparation) ?? expect.fail("nothing interrupts it");
const startRun = (changes: RunOptions = {}) =>
  prepared(prepareNewRun("graph.onnx", { ...values, ...changes }, { ...preparing, out: "run", command }));
const resumeRun = (given: RunOptions = {}, graph?: string, skipBad = false) =>
  prepared(prepareResumedRun("run", graph, given, { ...preparing, skipBad }));

/** Without what its data says about it. */
const bareClip = ({ name, classIndices }: Clip): object => ({ name, classIndices });

type Options = Awaited<ReturnType<typeof startRun>>["options"];

/** Runs it to its end, or until an epoch is done. */
const trainFor = async (options: Options, epochs = Infinity): Promise<void> => {
  const interruption = new AbortController();
  const clip = { name: "0", source: { path: "0" }, classIndices: [0] };
  const events = train({
    ...options,
    load: () => load(clip),
    checkpointMinutes: 10,
    signal: interruption.signal,
    note: () => undefined,
  });
  for await (const event of events) if (event.event === "eval" && event.epoch === epochs) interruption.abort();
};
const trainOneEpoch = (options: Options): Promise<void> => trainFor(options, 1);

test("what is doubtful about a run is told: no clip of a class, clips known from training, no steps after the warm-up", async () => {
  enterWorkspace();
  const notes: string[] = [];
  const note = (text: string): void => void notes.push(text);
  const warmup = { kind: "linear", steps: 9 } as const;
  const recipe = { ...metadata.recipe, schedule: { kind: "constant", warmup } } as const;
  writeLinearModel(".", linearModel({ classes: ["low", "high", "middle"], recipe }));
  await prepareNewRun("graph.onnx", values, { ...preparing, out: "run", command, note });
  expect(notes).toStrictEqual([
    'clips: no clip to train on for 1 of 3 classes: "middle"',
    "the learning rate is not reached: its warm-up takes 9 steps, and the whole training has 9",
  ]);
  notes.length = 0;
  await prepareNewRun(
    "graph.onnx",
    { ...values, epochs: 4, evalData: "./clips" },
    { ...preparing, out: "longer", command, note },
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
    leftOut: [],
    folder: expect.stringMatching(/^\/.*\/run$/) as string,
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
      specgraph: version,
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
    const bare = ({ clips, evaluationClips, artifact, ...rest }: Options) => ({
      ...rest,
      // Without the functions that read its data file.
      artifact: JSON.stringify([artifact.path, artifact.metadata, artifact.dataFiles]),
      clips: clips.map(bareClip),
      evaluationClips: evaluationClips.map(bareClip),
    });
    expect(bare((await resumeRun()).options)).toStrictEqual({ ...bare(options), checkpoint: undefined });
    await trainOneEpoch(options);
    process.chdir("clips");
    const resumed = await prepared(prepareResumedRun(join("..", "run"), undefined, {}, preparing));
    expect(resumed.options.recipe).toStrictEqual(options.recipe);
    expect(resumed.options.run).toBe(options.run);
    expect(resumed.options.checkpoint?.progress).toMatchObject({ epochs: 1, steps: 3 });
    expect(resumed.options.clips.map(({ source }) => "path" in source && existsSync(source.path))).not.toContain(false);
    process.chdir(folder);
  });

  test.each(["moved", "copied"])("is %s with its graph and its clips", async (how) => {
    const folder = enterWorkspace();
    const { options } = await startRun();
    const other = temporaryFolder({ "elsewhere/file": "" });
    for (const name of ["run", "clips", "graph.onnx", "graph.onnx.data"])
      cpSync(name, join(other, name), { recursive: true });
    if (how === "moved") for (const name of ["clips", "graph.onnx"]) rmSync(name, { recursive: true });
    process.chdir(join(other, "elsewhere"));
    const resumed = await prepared(prepareResumedRun(join("..", "run"), undefined, {}, preparing));
    expect(resumed.options.run).toBe(options.run);
    expect(resumed.options.artifact.path).toBe(join("..", "graph.onnx"));
    expect(resumed.options.clips.map(({ name }) => name)).toStrictEqual(
      options.clips.map(({ name }) => join("..", name)),
    );
    process.chdir(folder);
  });

  test("is moved alone, to another depth, and does without a clip since", async () => {
    enterWorkspace();
    await startRun();
    mkdirSync(join("old", "runs"), { recursive: true });
    const moved = join("old", "runs", "run");
    renameSync("run", moved);
    rmSync(join("clips", "low", "0.wav"));
    const resume = (skipBad: boolean) =>
      prepared(prepareResumedRun(moved, undefined, {}, { ...preparing, skipBad })).then(({ options }) => options);
    await expect(resume(false)).rejects.toThrow("there is no such file");
    const names = (await resume(true)).clips.map(({ name }) => name);
    expect(names).not.toContain(join("clips", "low", "0.wav"));
    expect((await resume(false)).clips.map(({ name }) => name)).toStrictEqual(names);
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
    const given = {
      ...values,
      data: join("..", process.cwd().split("/").at(-1) ?? "", "clips"),
      device: "auto" as const,
    };
    expect((await resumeRun(given, join(process.cwd(), "graph.onnx"))).options.recipe.batch).toBe(3);
  });

  test.each<[RunOptions, string]>([
    [{ epochs: 2 }, "--epochs is 3 there, not 2; leave the option out, or name another folder with --out"],
    [{ steps: 5 }, "--steps is not given there; leave the option out, or name another folder with --out"],
    [
      { data: "others", learningRate: 0.5, device: "webgpu" },
      "--data is clips there, not others; --lr is 0.25 there, not 0.5; --device is cpu there, not webgpu; leave the options out, or name another folder with --out",
    ],
  ])("not with other options: %o", async (given, message) => {
    enterWorkspace();
    await startRun();
    await expect(resumeRun(given)).rejects.toThrow(saying(`run goes on as it was started: ${message}`));
  });

  test("not on another graph", async () => {
    enterWorkspace();
    await startRun();
    appendFileSync("graph.onnx.data", "more");
    await expect(resumeRun()).rejects.toThrow(
      saying("graph.onnx: not the graph that run was started with: its content has changed"),
    );
  });

  test("has the clips that it began with, whatever their folder holds by now", async () => {
    enterWorkspace();
    const { options } = await startRun();
    writeFileSync(join("clips", "low", "new.wav"), wavBytes([1, 0, 0, 0]));
    const names = ({ clips, evaluationClips }: Options) => [...clips, ...evaluationClips].map(({ name }) => name);
    expect(names((await resumeRun()).options)).toStrictEqual(names(options));
  });

  test("not on other clips, where it does not tell those that it began with", async () => {
    enterWorkspace();
    await startRun();
    rmSync(join("run", "clips.jsonl"));
    expect((await resumeRun()).options.clips).toHaveLength(8);
    rmSync(join("clips", "low", "0.wav"));
    await expect(resumeRun()).rejects.toThrow(
      saying(
        "clips: not the clips that run was started with: 8 to train on and 2 to evaluate on; now 7 to train on and 2 to evaluate on, or others",
      ),
    );
  });

  test("not with a list of clips that is another or damaged", async () => {
    enterWorkspace();
    await startRun();
    const path = join("run", "clips.jsonl");
    const lines = readFileSync(path, "utf8");
    writeFileSync(path, lines.replace('"low"', '"high"'));
    await expect(resumeRun()).rejects.toThrow(
      saying(`${path}: not what the training wrote when it began; restore or delete it`),
    );
    for (const line of [
      "{",
      "{}",
      '{"split":"train","classes":["low"]}',
      '{"split":"train","classes":["?"],"path":"a"}',
    ]) {
      writeFileSync(path, `${line}\n`);
      await expect(resumeRun()).rejects.toThrow(
        saying(`${path}:1: the file is damaged: this line is not a clip of a training`),
      );
    }
  });

  test("not from a config that is something else", async () => {
    enterWorkspace();
    await startRun();
    const path = join("run", "config.json");
    for (const text of ["", "{}", readFileSync(path, "utf8").replace('"formatVersion": 1', '"formatVersion": 2')]) {
      writeFileSync(path, text);
      await expect(resumeRun()).rejects.toThrow(saying(`${path}: not what a training of this runtime's version wrote`));
    }
  });
});

test("an interrupted run is not overwritten", async () => {
  enterWorkspace();
  await trainOneEpoch((await startRun()).options);
  await expect(startRun()).rejects.toThrow(
    saying(
      "run: holds a run that ended after step 3, before its end; go on with it: runtime train --resume --out run, name another folder, or replace it with --overwrite",
    ),
  );
});

test("a run names its clips as when it began, wherever it goes on", async () => {
  const folder = enterWorkspace();
  await trainOneEpoch((await startRun()).options);
  const predictions = join(folder, "run", "graph.predictions.safetensors");
  const { clips } = await readPredictions(predictions, 2);
  process.chdir("clips");
  const resumed = await prepared(prepareResumedRun(join("..", "run"), undefined, {}, preparing));
  await trainFor(resumed.options);
  process.chdir(folder);
  expect(clips).toContain(join("clips", "high", "3.wav"));
  expect((await readPredictions(predictions, 2)).clips).toStrictEqual(clips);
});

test("a finished run is not overwritten unless that is asked for", async () => {
  enterWorkspace();
  await trainFor((await startRun({ epochs: 1 })).options);
  await expect(startRun()).rejects.toThrow(
    saying(
      "run: holds a finished run of 1 epoch; name another folder with --out, add epochs to it with --resume --epochs N, or replace it with --overwrite",
    ),
  );
  expect(existsSync(join("run", "best.onnx"))).toBe(true);
  await prepareNewRun("graph.onnx", values, { ...preparing, out: "run", overwrite: true, command });
  expect(readdirSync("run").sort()).toStrictEqual(["clips.jsonl", "config.json", "metrics.jsonl", "run.lock"]);
});

test("a run that is refused is let go", async () => {
  enterWorkspace();
  await trainOneEpoch((await startRun()).options);
  const lock = join("run", "run.lock");
  rmSync(lock);
  await expect(resumeRun({ learningRate: 3 })).rejects.toThrow(UserError);
  expect(existsSync(lock)).toBe(false);
  await expect(startRun()).rejects.toThrow(UserError);
  expect(existsSync(lock)).toBe(false);
  writeFileSync("graph.onnx", "");
  await expect(resumeRun()).rejects.toThrow(UserError);
  expect(existsSync(lock)).toBe(false);
});

describe("more epochs", () => {
  /** Of the files that the same training writes. */
  const outcome = (): readonly string[] =>
    ["checkpoint.safetensors", "metrics.jsonl", "graph.onnx", "best.onnx", "averaged.onnx"].map((name) =>
      readFileSync(join("run", name), "latin1"),
    );
  const recipe = {
    ...metadata.recipe,
    schedule: { kind: "multiStep", milestones: [2, 4], factor: 0.5, warmup: { kind: "linear", steps: 4 } },
    averaging: { from: 2, to: 4 },
    earlyStopping: { figure: "loss", patience: 3 },
  } as const;

  test.each([1, 3, 4])("%i epochs and the rest come to the same as six", async (first) => {
    enterWorkspace();
    writeLinearModel(".", linearModel({ recipe }));
    await trainFor((await startRun({ epochs: 6 })).options);
    const expected = outcome();
    rmSync("run", { recursive: true });
    await trainFor((await startRun({ epochs: first })).options);
    await trainFor((await resumeRun({ epochs: 6 })).options);
    expect(outcome()).toStrictEqual(expected);
    expect(JSON.parse(readFileSync(join("run", "config.json"), "utf8"))).toMatchObject({
      run: { epochs: 6 },
      recipe: { epochs: 6 },
    });
  });

  test("of a run that was interrupted, and interrupted again", async () => {
    enterWorkspace();
    writeLinearModel(".", linearModel({ recipe }));
    await trainFor((await startRun({ epochs: 6 })).options);
    const expected = outcome();
    rmSync("run", { recursive: true });
    await trainFor((await startRun({ epochs: 3 })).options, 1);
    await trainFor((await resumeRun({ epochs: 6 })).options, 4);
    await trainFor((await resumeRun()).options);
    expect(outcome()).toStrictEqual(expected);
  });

  test.each<[string, Partial<Recipe>, RunOptions, string]>([
    [
      "a cosine",
      { schedule: { kind: "cosine", to: 0.1, warmup: null } },
      {},
      "the run's learning rate falls along a cosine that ends with epoch 3: of 5 epochs it would have been another from the first step on; train anew into another folder",
    ],
    ["so many steps", {}, { steps: 4 }, "the run ends after its 4 steps, whatever its epochs"],
    [
      "early stopping",
      { earlyStopping: { figure: "accuracy", patience: 1 } },
      {},
      "the run ended early after epoch 2: no better accuracy in the last epoch; more of them would not have changed that",
    ],
  ])("not where the training would have been another: %s", async (_, changes, given, reason) => {
    enterWorkspace();
    writeLinearModel(".", linearModel({ recipe: { ...metadata.recipe, ...changes } }));
    await trainFor((await startRun(given)).options);
    const config = readFileSync(join("run", "config.json"), "utf8");
    await expect(resumeRun({ epochs: 5 })).rejects.toThrow(saying(`--epochs 5: ${reason}`));
    expect(readFileSync(join("run", "config.json"), "utf8")).toBe(config);
  });
});

describe("clips that cannot be read", () => {
  const clip = (label: string, index: number): string => join("clips", label, `${index}.wav`);
  const leftOut = (): unknown =>
    (JSON.parse(readFileSync(join("run", "config.json"), "utf8")) as { readonly leftOut: unknown }).leftOut;

  test("are listed at once, before anything is written", async () => {
    enterWorkspace();
    writeFileSync(clip("low", 1), "");
    rmSync(clip("high", 3));
    mkdirSync(clip("high", 3));
    await expect(startRun()).rejects.toThrow(UserError);
    expect(existsSync("run")).toBe(false);
  });

  test("are left out where that is asked for, and stay so", async () => {
    enterWorkspace();
    writeFileSync(clip("low", 1), "");
    const notes: string[] = [];
    const note = (text: string): void => void notes.push(text);
    const { options } = await prepared(
      prepareNewRun("graph.onnx", values, { ...preparing, note, skipBad: true, out: "run", command }),
    );
    const reason = `${clip("low", 1)}: the file is empty`;
    expect(notes).toStrictEqual([`1 of 10 clips cannot be read:\n  ${reason}\nit is left out`]);
    expect(options.clips.length + options.evaluationClips.length).toBe(9);
    expect(leftOut()).toStrictEqual([{ clip: join("..", clip("low", 1)), reason }]);
    writeFileSync(clip("low", 1), wavBytes([1, 0, 0, 0]));
    for (const gone of [[], ["clips.jsonl"]]) {
      for (const name of gone) rmSync(join("run", name));
      const resumed = (await resumeRun()).options;
      expect([...resumed.clips, ...resumed.evaluationClips].map(({ name }) => name)).not.toContain(clip("low", 1));
    }
  });

  test("that a table lists and that are not there are left out as others", async () => {
    enterWorkspace();
    const rows = ["low", "high"].flatMap((label) => [0, 1, 2, 3].map((index) => `${clip(label, index)},${label}`));
    writeFileSync("list.csv", `path,label\n${rows.join("\n")}\n`);
    rmSync(clip("high", 2));
    const data = "list.csv";
    await expect(startRun({ data })).rejects.toThrow(
      saying(/: there is no file .*; 1 of 8 clips is missing; --skip-bad leaves it out$/),
    );
    const run = { ...preparing, skipBad: true, out: "run", command };
    const { options } = await prepared(prepareNewRun("graph.onnx", { ...values, data }, run));
    expect(options.clips.length + options.evaluationClips.length).toBe(7);
    expect(leftOut()).toMatchObject([{ reason: expect.stringMatching(/2\.wav: there is no such file$/) as string }]);
  });

  test("since the run began: it goes on when they are restored, or without them", async () => {
    enterWorkspace();
    const started = (await startRun()).options;
    await trainOneEpoch(started);
    const trained = started.clips.filter(({ name }) => name.includes("low"));
    const [first = "", second = ""] = trained.map(({ name }) => name);
    const [evaluated = ""] = started.evaluationClips.map(({ name }) => name);
    const [own, ownEvaluated, other] = [readFileSync(first), readFileSync(evaluated), wavBytes([0, 1, 0, 0])];
    rmSync(evaluated);
    writeFileSync(first, other);
    await expect(resumeRun()).rejects.toThrow(
      saying(
        `2 of 10 clips cannot be read:
  ${evaluated}: there is no such file
  ${first}: its content has changed since the run began
restore them, or go on without them: --skip-bad`,
      ),
    );
    writeFileSync(evaluated, ownEvaluated);
    writeFileSync(first, own);
    expect((await resumeRun()).options.evaluationClips.map(bareClip)).toStrictEqual(
      started.evaluationClips.map(bareClip),
    );

    rmSync(evaluated);
    writeFileSync(first, other);
    const { options } = await resumeRun({}, undefined, true);
    expect(options.evaluationClips.map(({ name }) => name)).not.toContain(evaluated);
    // Another of its class is trained on in its place, so that the run has the same steps.
    const names = options.clips.map(({ name }) => name);
    expect(names).not.toContain(first);
    expect(names.filter((name) => name === second)).toHaveLength(2);
    expect(names).toHaveLength(8);
    await trainFor(options);
    expect(readFileSync(join("run", "metrics.jsonl"), "utf8").match(/"event":"step"/g)).toHaveLength(9);
    expect(leftOut()).toHaveLength(2);
    expect((await resumeRun()).options.clips.map(({ name }) => name)).toStrictEqual(names);
  });

  test("while the run is at work: they are recorded", async () => {
    enterWorkspace();
    const run = { ...preparing, skipBad: true, out: "run", command };
    const { options } = await prepared(prepareNewRun("graph.onnx", values, run));
    const [first] = options.clips;
    if (first) await options.leaveOut?.(first, "it is damaged");
    expect(leftOut()).toStrictEqual([{ clip: join("..", first?.name ?? ""), reason: "it is damaged" }]);
    expect((await resumeRun()).options.clips).not.toContainEqual(first);
  });
});
