import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Recipe } from "../../../compiler/artifact/recipe.ts";
import { readPredictions } from "../../../runtime/runs/run-predictions.ts";
import { prepareResumedRun } from "../../../runtime/train/prepare-resumed-run.ts";
import type { RunOptions } from "../../../runtime/train/run-options.ts";
import { linearModel, metadata, writeLinearModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { saying } from "../saying.ts";
import {
  type Options,
  bareClip,
  enterWorkspace,
  prepared,
  preparing,
  resumeRun,
  startRun,
  trainFor,
  trainOneEpoch,
  values,
} from "./run-workspace.ts";

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
