import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { exitCodes } from "../../../runtime/commands/command.ts";
import { cvCommand } from "../../../runtime/commands/cv-command.ts";
import type { CrossValidation } from "../../../runtime/cross-validation/summarize-folds.ts";
import { saying } from "../saying.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { recordOutput } from "../record-output.ts";
import { linearModel, metadata, writeLinearModel } from "../artifact/linear-artifact.ts";

/** A graph, a folder of clips and the same clips with folds, in the folder that is current until the test ends. */
const enterWorkspace = (): void => {
  const clips = { low: [32_767, 0, 0, 0], high: [0, 32_767, 0, 0] };
  const named = Object.entries(clips).flatMap(([label, samples]) =>
    [0, 1, 2, 3].map((index) => ({ label, index, samples, file: `${label}-${index}.wav` })),
  );
  const folder = temporaryFolder({
    ...Object.fromEntries(named.map(({ label, index, samples }) => [`clips/${label}/${index}.wav`, wavBytes(samples)])),
    ...Object.fromEntries(named.map(({ file, samples }) => [`esc/audio/${file}`, wavBytes(samples)])),
    "esc/esc.csv": `filename,fold,target,category\n${named
      .map(({ file, index, label }) => `${file},${1 + (index % 2)},${label === "low" ? 0 : 1},${label}`)
      .join("\n")}\n`,
  });
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  writeLinearModel(".");
};

const run = async (args: string, signal = new AbortController().signal) => {
  const { texts, events, output } = recordOutput();
  const code = await cvCommand.run(["graph.onnx", ...args.split(" "), "--device", "cpu"], output, signal);
  return { code, texts, events };
};
const readResults = (folder: string): CrossValidation =>
  JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as CrossValidation;
/** Without the times, which differ. */
const outcome = (folder: string): object => {
  const { folds, ...summary } = readResults(folder);
  return { ...summary, folds: folds.map((result) => ({ ...result, seconds: null })) };
};

test("what is odd about the data is said once", async () => {
  enterWorkspace();
  const folder = temporaryFolder(
    Object.fromEntries(
      ["train/low/1.wav", "train/high/2.wav", "test/low/3.wav", "test/high/4.wav", "train/5.wav"].map((name, index) => [
        name,
        wavBytes([32_767 - index, 0, 0, 0]),
      ]),
    ),
  );
  const notes: string[] = [];
  const output = { ...recordOutput().output, note: (text: string) => void notes.push(text) };
  const args = ["graph.onnx", "--data", folder, "--folds", "2", "--epochs", "1", "--device", "cpu", "--out", "out"];
  await cvCommand.run(args, output, new AbortController().signal);
  expect(notes).toStrictEqual([
    `${join(folder, "train")}: 1 clip is in no class's folder, and left out: 5.wav`,
    `${folder}: all its clips are divided anew, those for validation and test too`,
  ]);
});

test("folds that are drawn: every clip is held out once in each repeat", async () => {
  enterWorkspace();
  const { code, events } = await run("--data clips --folds 4 --repeats 2 --epochs 2 --out out");
  expect(code).toBe(exitCodes.done);
  expect(readResults("out").folds.map(({ repeat, fold }) => [repeat, fold])).toStrictEqual([
    ...[1, 2, 3, 4].map((fold) => [1, fold]),
    ...[1, 2, 3, 4].map((fold) => [2, fold]),
  ]);
  expect(events.at(-1)).toMatchObject({ event: "results", figure: "accuracy" });
  expect(events.filter(({ event }) => event === "eval")).toHaveLength(16);
  for (const repeat of [1, 2]) {
    const held = [1, 2, 3, 4].flatMap((fold) =>
      readFileSync(join("out", `repeat-${repeat}`, `fold-${fold}.csv`), "utf8")
        .split("\n")
        .filter((line) => line.endsWith('"test"')),
    );
    expect(held).toHaveLength(8);
    expect(new Set(held).size).toBe(8);
  }
});

test("the data's own folds; what is finished is not trained again", async () => {
  enterWorkspace();
  await run("--data esc/esc.csv --epochs 2 --out out");
  const first = outcome("out");
  expect(readResults("out").folds).toMatchObject([1, 2].map((fold) => ({ fold, seconds: expect.any(Number) })));

  rmSync("out/repeat-1/fold-2", { recursive: true });
  const { events, texts } = await run("--data esc/esc.csv --epochs 2 --out out");
  expect(new Set(events.filter(({ event }) => event === "step").map(({ fold }) => fold))).toStrictEqual(new Set([2]));
  expect(outcome("out")).toStrictEqual(first);
  expect(texts.at(-1)).toContain("last epoch: ");
});

test("the folds that a run was begun with stay", async () => {
  enterWorkspace();
  await run("--data clips --folds 4 --epochs 1 --out out");
  const table = join("out", "repeat-1", "fold-1.csv");
  const before = readFileSync(table, "utf8");
  await expect(run("--data clips --folds 2 --epochs 1 --out out")).rejects.toThrow(
    saying(
      `${join("out", "repeat-1", "fold-1")}: was begun with the folds of ${table}, and these options or clips give others; name another folder with --out`,
    ),
  );
  expect(readFileSync(table, "utf8")).toBe(before);
});

test("an interrupted one goes on inside its fold, to the same result", async () => {
  enterWorkspace();
  await run("--data esc/esc.csv --epochs 3 --out whole");
  const interruption = new AbortController();
  const output = {
    json: (value: object) => void ("event" in value && value.event === "eval" && interruption.abort()),
    result: () => undefined,
    progress: () => undefined,
    note: () => undefined,
    terminal: undefined,
  };
  const args = "graph.onnx --data esc/esc.csv --epochs 3 --out out --device cpu".split(" ");
  expect(await cvCommand.run(args, output, interruption.signal)).toBe(exitCodes.interrupted);
  expect(existsSync("out/results.json")).toBe(false);
  await run("--data esc/esc.csv --epochs 3 --out out");
  expect(outcome("out")).toStrictEqual(outcome("whole"));
});

test("one that is interrupted before a fold's parameters are averaged still averages them", async () => {
  enterWorkspace();
  writeLinearModel(".", linearModel({ recipe: { ...metadata.recipe, averaging: { from: 1, to: 2 } } }));
  await run("--data esc/esc.csv --epochs 2 --out whole");
  const interruption = new AbortController();
  const { output } = recordOutput();
  const json = (value: object): void => {
    if ("event" in value && value.event === "eval" && "epoch" in value && value.epoch === 2) interruption.abort();
  };
  const args = "graph.onnx --data esc/esc.csv --epochs 2 --out out --device cpu".split(" ");
  expect(await cvCommand.run(args, { ...output, json }, interruption.signal)).toBe(exitCodes.interrupted);
  await run("--data esc/esc.csv --epochs 2 --out out");
  expect(readResults("out").averaged).not.toBeNull();
  expect(outcome("out")).toStrictEqual(outcome("whole"));
});

test("what cannot be divided", async () => {
  enterWorkspace();
  await expect(run("--folds 3")).rejects.toThrow(saying("runtime cv needs clips of your own: --data PATH"));
  await expect(run("--data esc/esc.csv --folds 3")).rejects.toThrow(
    saying("--folds 3: esc/esc.csv has 2 folds of its own, 1, 2; leave --folds out"),
  );
  await expect(run("--data clips --folds 5 --out out")).rejects.toThrow(
    saying('clips: "high" has 4 clips, too few for 5 folds'),
  );
});

test("a fold's log that is damaged", async () => {
  enterWorkspace();
  await run("--data esc/esc.csv --epochs 1 --out out");
  const metrics = "out/repeat-1/fold-1/metrics.jsonl";
  writeFileSync(metrics, readFileSync(metrics, "utf8").replace("{", "["));
  await expect(run("--data esc/esc.csv --epochs 1 --out out")).rejects.toThrow(
    saying(`${metrics}:1: the file is damaged: this line is not an event of a training`),
  );
});

describe("clips that cannot be read", () => {
  test("are listed at once, before the first fold", async () => {
    enterWorkspace();
    const bad = [join("clips", "high", "2.wav"), join("clips", "low", "1.wav")];
    for (const path of bad) writeFileSync(path, "");
    await expect(run("--data clips --folds 2 --epochs 1 --out out")).rejects.toThrow(
      saying(
        `2 of 8 clips cannot be read:\n${bad.map((path) => `  ${path}: the file is empty\n`).join("")}restore or remove them, or leave them out: --skip-bad`,
      ),
    );
    expect(existsSync("out")).toBe(false);
  });

  test("are left out where that is asked for, in the same folds", async () => {
    enterWorkspace();
    await run("--data clips --folds 2 --epochs 1 --out whole");
    writeFileSync(join("clips", "low", "1.wav"), "");
    const { events } = await run("--data clips --folds 2 --epochs 1 --out out --skip-bad");
    expect(events.filter(({ event }) => event === "eval").map(({ clips }) => clips)).toStrictEqual(
      expect.arrayContaining([3, 4]),
    );
    for (const fold of [1, 2]) {
      const table = (out: string) => readFileSync(join(out, "repeat-1", `fold-${fold}.csv`), "utf8");
      expect(table("out")).toBe(table("whole"));
    }
  });

  test("that turn bad between two folds: the same command goes on without them", async () => {
    enterWorkspace();
    const interruption = new AbortController();
    const { output } = recordOutput();
    const json = (value: object): void => {
      if ("event" in value && value.event === "eval" && "fold" in value && value.fold === 2) interruption.abort();
    };
    const args = "graph.onnx --data clips --folds 2 --epochs 2 --out out --device cpu".split(" ");
    expect(await cvCommand.run(args, { ...output, json }, interruption.signal)).toBe(exitCodes.interrupted);
    writeFileSync(join("clips", "high", "1.wav"), "");
    await expect(run("--data clips --folds 2 --epochs 2 --out out")).rejects.toThrow(saying(/--skip-bad$/));
    expect((await run("--data clips --folds 2 --epochs 2 --out out --skip-bad")).code).toBe(exitCodes.done);
    expect(readResults("out").folds).toHaveLength(2);
  });
});

test("a fold's log that has lost evaluations", async () => {
  enterWorkspace();
  await run("--data esc/esc.csv --epochs 2 --out out");
  const metrics = "out/repeat-1/fold-1/metrics.jsonl";
  const lines = readFileSync(metrics, "utf8").split("\n");
  writeFileSync(metrics, lines.filter((line) => !(line.includes('"eval"') && line.includes('"epoch":1'))).join("\n"));
  await expect(run("--data esc/esc.csv --epochs 2 --out out")).rejects.toThrow(
    saying(`${metrics}: lacks some of the 2 evaluations; delete the fold's folder`),
  );
  expect(existsSync("out/repeat-1/fold-1/run.lock")).toBe(false);
});

test("more epochs of one that is finished", async () => {
  enterWorkspace();
  await run("--data esc/esc.csv --epochs 3 --out whole");
  await run("--data esc/esc.csv --epochs 1 --out out");
  await run("--data esc/esc.csv --epochs 3 --out out");
  expect(outcome("out")).toStrictEqual(outcome("whole"));
});

test("nothing is written of folds that do not fit the machine's memory", async () => {
  enterWorkspace();
  const peak = { flops: 0, activationBytes: 0, largestTensorBytes: [], peakBytes: [1e15] };
  writeLinearModel(".", linearModel({ classes: ["low", "high"], cost: { ...metadata.cost, gradients: peak } }));
  await expect(run("--data clips --folds 4 --out out")).rejects.toThrow(
    saying(/^graph\.onnx: training on 2 clips at once takes about 1200\.0 TB of memory, and .* are left; /),
  );
  expect(existsSync("out")).toBe(false);
});
