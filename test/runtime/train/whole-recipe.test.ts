/** Compiled graphs with everything that a recipe may have, trained as `runtime train` does. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { compile } from "../../../compiler/compile.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { changingStates, trainingProgram } from "../../../runtime/engine/session-program.ts";
import { readTensor } from "../../../runtime/artifact/stored-tensor.ts";
import { readCheckpoint } from "../../../runtime/runs/checkpoint.ts";
import { train, type TrainOptions } from "../../../runtime/train/train.ts";
import { collect, outline } from "./linear-training.ts";
import { optionsOf } from "./recipe-run.ts";

/** What trains otherwise than it infers: branches and patches are dropped at random, statistics of sequences and vectors are kept. */
const lively = `network: [
  patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 }),
  patchout({ patches: 1 }), repeat(2, [residual(batchNorm(), attention({ heads: 2 }), dropout({ rate: 0.1 }), dropPath({ rate: 0.3 }))]),
  meanOfTokens(), batchNorm({ momentum: 0.3 }), dense("classes"),
]`;

/** The run from where its checkpoint is. */
const goOn = async (options: TrainOptions): Promise<TrainOptions> => {
  const changing = changingStates(trainingProgram(options.artifact));
  const expected = { run: options.run, changing, averaged: [] };
  return { ...options, checkpoint: await readCheckpoint(options.folder, expected, options.note) };
};

const trainUntilStep = async (options: TrainOptions, step: number): Promise<void> => {
  const interruption = new AbortController();
  for await (const event of train({ ...options, signal: interruption.signal })) {
    if (event.event === "step" && event.step === step) interruption.abort();
  }
};

test.each([
  [1, [2, 3, 9], ""],
  [2, [2, 4, 9], ""], // the third step shares its run with the fourth
  [1, [2, 3, 9], lively],
  [2, [2, 4, 9], lively],
])(
  "%d steps in a run: interrupted within its epochs, training comes to the same, bit for bit: %#",
  async (stepsPerRun, saved, model) => {
    const recipe = `batch: 12, accumulate: 4, epochs: 2, average: { from: 1, to: 2 }, stepsPerRun: ${stepsPerRun}`;
    const [whole, parts] = [optionsOf(recipe, model), optionsOf(recipe, model)];
    expect(outline(await collect(whole)).slice(-3)).toStrictEqual(["eval 2.10", "averaged 2.10", "done 10"]);

    const found = [];
    for (const step of [2, 3, 9]) {
      await trainUntilStep(await goOn(parts), step);
      found.push((await goOn(parts)).checkpoint?.progress.steps);
    }
    expect(found).toStrictEqual(saved);
    await collect(await goOn(parts));
    for (const file of ["metrics", "checkpoint"] as const) {
      expect(readFileSync(parts.folder[file]).equals(readFileSync(whole.folder[file])), file).toBe(true);
    }
    for (const graph of ["last", "best", "averaged"] as const) {
      const expected = readFileSync(whole.folder[graph].graph);
      expect(readFileSync(parts.folder[graph].graph).equals(expected), graph).toBe(true);
    }
  },
);

const relativeError = (found: readonly number[] = [], expected: readonly number[] = []): number => {
  const norm = (values: readonly number[]): number => Math.hypot(...values);
  return norm(expected.map((value, index) => value - (found[index] ?? Number.NaN))) / norm(expected);
};

/** A run's losses and its final parameters. */
const resultOf = async (options: TrainOptions) => {
  const events = await collect(options);
  const { parameters } = readArtifact(options.folder.last.graph);
  const values = await Promise.all(
    parameters.map(async (each) => Array.from((await readTensor(each)) as Float32Array)),
  );
  return { losses: events.flatMap((event) => (event.event === "step" ? [event.loss] : [])), values: values.flat() };
};

test("four parts of 12 clips make the step of 48", async () => {
  const run = (accumulate: number) =>
    resultOf({ ...optionsOf(`batch: 48, accumulate: ${accumulate}, epochs: 3`), steps: 5 });
  const [whole, parts] = [await run(1), await run(4)];
  expect(whole.losses).toHaveLength(5);
  expect(relativeError(parts.losses, whole.losses)).toBeLessThan(1e-5);
  expect(relativeError(parts.values, whole.values)).toBeLessThan(1e-5);
});

test("several steps in one run are the same as one at a time, but for the rounding of longer batches", async () => {
  // A bias before a batch norm has no gradient but rounding, which Adam makes whole steps of.
  for (const [model, most] of [
    ["", 1e-5],
    [lively, 1e-3],
  ] as const) {
    const run = (stepsPerRun: number) =>
      resultOf(optionsOf(`batch: 12, accumulate: 2, epochs: 1, stepsPerRun: ${stepsPerRun}`, model));
    const [single, shared] = [await run(1), await run(2)];
    expect(relativeError(shared.losses, single.losses)).toBeLessThan(1e-6);
    expect(relativeError(shared.values, single.values)).toBeLessThan(most);
  }
});

test("a model with statistics and dropped branches learns, and its graph has them", async () => {
  const options = optionsOf("batch: 10, epochs: 12", lively);
  const events = await collect(options);
  const losses = events.flatMap((event) => (event.event === "eval" ? [event.loss] : []));
  expect(losses.at(-1)).toBeLessThan(0.85 * (losses[0] ?? Number.NaN));
  const { parameters } = readArtifact(options.folder.last.graph);
  const initial = new Map(options.artifact.parameters.map((each) => [each.name, each]));
  const statistics = parameters.filter(({ name }) => /running_/.test(name));
  expect(statistics).toHaveLength(6);
  for (const each of statistics) {
    const before = initial.get(each.name);
    expect(await readTensor(each), each.name).not.toStrictEqual(before && (await readTensor(before)));
  }

  const weights = options.folder.last.graph;
  const out = join(dirname(options.artifact.path), "again.onnx");
  const spec = join(dirname(options.artifact.path), "spec.ts");
  const { coverage } = compile({ spec, out, input: "waveform", weights });
  expect(coverage?.targets.filter(({ status }) => status !== "filled")).toStrictEqual([]);
  const again = new Map(readArtifact(out).parameters.map((each) => [each.name, each]));
  for (const each of parameters) {
    const copy = again.get(each.name);
    expect(copy && (await readTensor(copy)), each.name).toStrictEqual(await readTensor(each));
  }
});
