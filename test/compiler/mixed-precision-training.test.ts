/**
 * Training in mixed precision against float32. The CPU provider computes float16 products in float32, so the numbers are also
 * computed by a graph that rounds as float16 does.
 */
import { Tensor } from "../onnxruntime.ts";
import { describe, expect, test } from "vitest";
import { lowerSpec } from "../../compiler/lower/lower-spec.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import type { Program } from "../../compiler/ir/program.ts";
import { absentSample } from "../../compiler/artifact/names.ts";
import {
  adam,
  anyLength,
  float32,
  kaldiFbank,
  mixedFloat16,
  multiLabel,
  normalize,
  type Precision,
  singleLabel,
} from "../../spec/dsl/index.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import type { TrainingInfoRunner } from "../onnx/training-info-runner.ts";
import { softwareGpu } from "../software-gpu.ts";
import { emulateFloat16 } from "./emulate-float16.ts";
import { openGraphRunner } from "./open-graph-runner.ts";
import { tiny } from "./tiny-model.ts";

if (softwareGpu !== undefined) process.env["VK_DRIVER_FILES"] = softwareGpu;

const clips = 4;
const classes = ["a", "b", "c"];
const objectives = { "multi-label": multiLabel({ classes }), "single-label": singleLabel({ classes }) };

const lower = (precision: Precision, objective: keyof typeof objectives = "single-label"): Program => {
  const training = { optimizer: adam({ learningRate: 1e-3 }), batch: clips, epochs: 1, precision };
  const spec = normalizeSpec(tiny({ objective: objectives[objective], training }), () => undefined, "spec.ts");
  return lowerSpec(spec, "features", () => undefined);
};

/** Training in numbers that round as float16 does. */
const rounded = ({ gradients, ...program }: Program): Program => ({
  ...program,
  gradients: gradients && emulateFloat16(gradients),
});

const open = (program: Program): Promise<TrainingInfoRunner> => openGraphRunner(program);

const makeFeeds = (scale: number): Readonly<Record<string, Tensor>> => ({
  input_values: new Tensor("float32", generateTensor("mixed/features", clips * 24 * 16, scale), [clips, 24, 16]),
  targets: new Tensor("float32", [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0], [clips, 3]),
  learning_rate: new Tensor("float32", [0.01], []),
});
const feeds = makeFeeds(1);

const train = async ({ step }: TrainingInfoRunner, steps: number, given = feeds): Promise<number[]> => {
  const losses: number[] = [];
  for (let index = 0; index < steps; index++) losses.push(Number((await step(given))["loss"]?.data[0]));
  return losses;
};

/** The largest error of a first step's gradients, from which Adam's first moments are made, as a share of their norm. */
const gradientError = (found: TrainingInfoRunner, expected: TrainingInfoRunner): number =>
  Math.max(
    ...[...expected.state].flatMap(([name, { data }]) => {
      if (!name.endsWith(".moment1")) return [];
      const [x, y] = [found.state.get(name)?.data as Float32Array, data as Float32Array];
      return [Math.hypot(...x.map((value, index) => value - (y[index] ?? NaN))) / Math.hypot(...y)];
    }),
  );

const scalarState = ({ state }: TrainingInfoRunner, name: string): number => Number(state.get(name)?.data[0]);

/** A copy of all states but those of the loss scaling. */
const copyStates = ({ state }: TrainingInfoRunner): ReadonlyMap<string, readonly number[]> =>
  new Map(
    [...state]
      .filter(([name]) => !/^(loss_scale|gradient)\./.test(name))
      .map(([name, { data }]) => [name, Array.from(data as Float32Array)]),
  );

describe.each(["single-label", "multi-label"] as const)("a %s model in mixed precision", (objective) => {
  test.each([
    ["as the CPU provider computes it", (program: Program) => program],
    ["rounded to float16", rounded],
  ])("learns as in float32, %s", async (_, convert) => {
    const plain = await open(lower(float32(), objective));
    const mixed = await open(convert(lower(mixedFloat16(), objective)));
    const [[expected = NaN], [loss = NaN]] = [await train(plain, 1), await train(mixed, 1)];
    expect(Math.abs(loss / expected - 1)).toBeLessThan(1e-5);
    // Float16 has 11 bits: each rounding costs up to 4.9e-4.
    expect(gradientError(mixed, plain)).toBeLessThan(3e-3);
    const later = await train(mixed, 29);
    for (const [index, value] of (await train(plain, 6)).entries()) {
      expect(Math.abs((later[index] ?? NaN) / value - 1)).toBeLessThan(1e-3);
    }
    expect(later.at(-1)).toBeLessThan(0.25);
    expect(scalarState(mixed, "loss_scale.scale")).toBe(65_536);
    expect(scalarState(mixed, "loss_scale.good_steps")).toBe(30);
    expect(scalarState(mixed, "optimizer.step")).toBe(30);
  });
});

describe("clips of several lengths in mixed precision", () => {
  /** The same model, which hears clips of 8 to 64 frames. */
  const lowerAnyLength = (precision: Precision): Program => {
    const training = { optimizer: adam({ learningRate: 1e-3 }), batch: clips, epochs: 1, precision };
    const fbank = kaldiFbank({ bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" });
    const features = [fbank, anyLength({ frames: 24, least: 8, most: 64 }), normalize({ mean: -4, std: 4 })];
    const changes = { features, objective: objectives["single-label"], training };
    return lowerSpec(
      normalizeSpec(tiny(changes), () => undefined, "spec.ts"),
      "waveform",
      () => undefined,
    );
  };
  const samples = 9000;
  const waveform = generateTensor("mixed/waveform", clips * samples, 0.3);
  for (const [clip, own] of [1500, samples, 4000, 6100].entries())
    waveform.fill(absentSample, clip * samples + own, (clip + 1) * samples);
  // At the rate of the other tests noise is learned in jumps, whose gradients overflow.
  const learning_rate = new Tensor("float32", [0.002], []);
  const given = { ...feeds, learning_rate, waveform: new Tensor("float32", waveform, [clips, samples]) };

  test.each([
    ["as the CPU provider computes it", (program: Program) => program],
    ["rounded to float16", rounded],
  ])("learn as in float32, %s", async (_, convert) => {
    const plain = await open(lowerAnyLength(float32()));
    const mixed = await open(convert(lowerAnyLength(mixedFloat16())));
    const [[expected = NaN], [loss = NaN]] = [await train(plain, 1, given), await train(mixed, 1, given)];
    expect(Math.abs(loss / expected - 1)).toBeLessThan(1e-5);
    expect(gradientError(mixed, plain)).toBeLessThan(3e-3);
    const later = await train(mixed, 11, given);
    for (const [index, value] of (await train(plain, 11, given)).entries())
      expect(Math.abs((later[index] ?? NaN) / value - 1)).toBeLessThan(1e-3);
    expect(later.at(-1)).toBeLessThan(loss - 0.05);
    expect(scalarState(mixed, "loss_scale.good_steps")).toBe(12);
  });
});

describe("overflow", () => {
  test.each([
    ["of float32, as the CPU provider computes", (program: Program) => program, 2 ** 126],
    ["of float16", rounded, 2 ** 24],
  ])("%s: nothing changes but the scale, which halves until the gradients fit", async (_, convert, initialScale) => {
    const runner = await open(convert(lower(mixedFloat16({ initialScale, growthInterval: 3 }))));
    const before = copyStates(runner);
    let scale = initialScale;
    for (await runner.step(feeds); scalarState(runner, "loss_scale.good_steps") === 0; await runner.step(feeds)) {
      scale /= 2;
      expect(scalarState(runner, "loss_scale.scale")).toBe(scale);
      expect(copyStates(runner)).toStrictEqual(before);
    }
    expect(scale).toBeLessThanOrEqual(initialScale / 4);
    expect(scalarState(runner, "loss_scale.scale")).toBe(scale);
    expect(scalarState(runner, "optimizer.step")).toBe(1);
    await train(runner, 1);
    expect(scalarState(runner, "loss_scale.good_steps")).toBe(2);
    await train(runner, 1);
    expect(scalarState(runner, "loss_scale.scale")).toBe(2 * scale);
    expect(scalarState(runner, "loss_scale.good_steps")).toBe(0);
  });

  test("of the forward pass: the step is skipped, later ones are as if it had not been", async () => {
    const [runner, other] = [
      await open(rounded(lower(mixedFloat16()))),
      await open(rounded(lower(mixedFloat16({ initialScale: 32_768 })))),
    ];
    await train(runner, 1);
    await train(other, 1);
    const before = copyStates(runner);
    await runner.step(makeFeeds(1e6));
    expect(copyStates(runner)).toStrictEqual(before);
    expect(scalarState(runner, "loss_scale.scale")).toBe(32_768);
    const [[loss = NaN], [expected = NaN]] = [await train(runner, 1), await train(other, 1)];
    expect(Math.abs(loss / expected - 1)).toBeLessThan(1e-4);
    expect(scalarState(runner, "optimizer.step")).toBe(2);
  });
});

// The software device has no float16 arithmetic, but opening the session already finds every node's kernel.
test.skipIf(softwareGpu === undefined)("a WebGPU device has kernels for every node, in their types", async () => {
  const graph = lower(mixedFloat16());
  const options = { executionProviders: ["webgpu"], extra: { session: { disable_cpu_ep_fallback: "1" } } };
  await expect(openGraphRunner(graph, options)).resolves.toBeDefined();
});
