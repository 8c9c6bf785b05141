/** Training steps with what a recipe may add: accumulation, clipping, parts of the network at other rates, augmentation. */
import { type InferenceSession, Tensor } from "../onnxruntime.ts";
import { describe, expect, test } from "vitest";
import { lowerSpec } from "../../compiler/lower/lower-spec.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import type { Program } from "../../compiler/ir/program.ts";
import {
  adam,
  adamW,
  maskFrequency,
  maskTime,
  mixedFloat16,
  mixup,
  noise,
  type Objective,
  roll,
  singleLabel,
  type Training,
} from "../../spec/dsl/index.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import type { Tensors, TrainingInfoRunner } from "../onnx/training-info-runner.ts";
import { softwareGpu } from "../software-gpu.ts";
import { openGraphRunner } from "./open-graph-runner.ts";
import { tiny } from "./tiny-model.ts";

const clips = 12;
const [frames, bins, classes] = [24, 16, 3];

const lower = (
  recipe: Partial<Training>,
  input: "waveform" | "features" = "features",
  objective: Objective = singleLabel({ classes: ["a", "b", "c"] }),
): Program => {
  const training = { optimizer: adam({ learningRate: 1e-3 }), batch: clips, epochs: 1, ...recipe };
  const spec = normalizeSpec(tiny({ objective, training }), () => undefined, "spec.ts", input);
  return lowerSpec(spec, input, () => undefined);
};

const open = (
  recipe: Partial<Training>,
  input?: "waveform" | "features",
  options?: InferenceSession.SessionOptions,
): Promise<TrainingInfoRunner> => openGraphRunner(lower(recipe, input), options);

const floats = (values: ArrayLike<number>, ...dims: readonly number[]): Tensor =>
  new Tensor("float32", Float32Array.from(values), dims);

const [onlyGradients, wholeIteration] = [[0], [0, 1]];

const accumulate = (isAdded: boolean): Tensors => ({ accumulate: new Tensor("bool", [isAdded], []) });

/** Clips `from` to `to` of a step's. */
const makePart = (step: number, from = 0, to = clips, scale = 1): Tensors => {
  const size = frames * bins;
  const features = generateTensor(`recipe/${step}`, clips * size, scale).subarray(from * size, to * size);
  const targets = Float32Array.from({ length: clips * classes }, (_, index) =>
    Number(index % classes === (Math.floor(index / classes) + step) % classes),
  ).subarray(from * classes, to * classes);
  return {
    input_values: floats(features, to - from, frames, bins),
    targets: floats(targets, to - from, classes),
    learning_rate: floats([1e-3]),
  };
};

const valuesOf = ({ state }: TrainingInfoRunner, name: string): readonly number[] =>
  Array.from(state.get(name)?.data as Float32Array);

const copyStates = (
  runner: TrainingInfoRunner,
  isChosen: (name: string) => boolean,
): ReadonlyMap<string, readonly number[]> =>
  new Map([...runner.state.keys()].filter(isChosen).map((name) => [name, valuesOf(runner, name)]));

const isParameter = (name: string): boolean =>
  !/^(optimizer\.|gradient\.|gradient_clips$|loss_scale\.)|\.moment[12]$/.test(name);
/** A key's bias has no gradient but rounding, which Adam makes whole steps of. */
const isComparable = (name: string): boolean => !name.endsWith("qkv.bias");

/** All parameters that a run trains, one after the other. */
const parametersOf = (runner: TrainingInfoRunner): readonly number[] => {
  const names = [...runner.state.keys()].filter((name) => isParameter(name) && isComparable(name));
  expect(names.length).toBeGreaterThan(20);
  return names.flatMap((name) => valuesOf(runner, name));
};

const norm = (values: readonly number[]): number => Math.hypot(...values);
const difference = (a: readonly number[], b: readonly number[]): readonly number[] =>
  a.map((value, index) => value - (b[index] ?? NaN));

const recipes: readonly (readonly [string, Partial<Training>])[] = [
  ["Adam", {}],
  ["clipped gradients", { clipNorm: 0.05 }],
  [
    "AdamW, a slower and a frozen part",
    { optimizer: adamW({ learningRate: 1e-3, weightDecay: 0.1 }), rates: { "patchEmbedding.*": 0, "blocks.0.*": 0.1 } },
  ],
];

describe("gradients of several parts, added up", () => {
  const isSum = (name: string): boolean => /^gradient[._]/.test(name);
  const isScaling = (name: string): boolean => name.startsWith("loss_scale.");

  describe.each(recipes)("%s", (_, recipe) => {
    test.each([
      ["equal", [0, 3, 6, 9, 12]],
      ["unequal", [0, 5, 9, 12]],
      ["very unequal", [0, 11, 12]],
    ] as const)("%s parts make the steps of the whole batch", async (_, bounds) => {
      const [whole, inParts] = [await open(recipe), await open({ ...recipe, accumulate: 4 })];
      const start = parametersOf(whole);
      for (let step = 0; step < 5; step++) {
        await whole.step(makePart(step));
        for (const [index, from] of bounds.slice(0, -1).entries()) {
          const isLast = index === bounds.length - 2;
          const part = { ...makePart(step, from, bounds[index + 1]), ...accumulate(index > 0) };
          await inParts.step(part, isLast ? wholeIteration : onlyGradients);
        }
      }
      const [expected, found] = [parametersOf(whole), parametersOf(inParts)];
      const error = norm(difference(found, expected));
      expect(error / norm(expected)).toBeLessThan(1e-6);
      expect(error / norm(difference(expected, start))).toBeLessThan(5e-5);
      expect(valuesOf(inParts, "optimizer.step")).toStrictEqual([5]);
    });
  });

  test("until the optimizer steps, nothing changes but the sums", async () => {
    const runner = await open({ accumulate: 2, precision: mixedFloat16() });
    const before = copyStates(runner, (name) => !isSum(name));
    await runner.step({ ...makePart(0, 0, 5), ...accumulate(false) }, onlyGradients);
    expect(copyStates(runner, (name) => !isSum(name))).toStrictEqual(before);
    expect(valuesOf(runner, "gradient_clips")).toStrictEqual([5]);
    for (const [name, values] of copyStates(runner, isSum)) {
      expect(
        values.some((value) => value !== 0),
        name,
      ).toBe(true);
    }
  });

  test("an overflow in any part skips the step and halves the scale; the next is not touched by it", async () => {
    const runner = await open({ accumulate: 2, precision: mixedFloat16({ initialScale: 1024 }), clipNorm: 1 });
    const stepInParts = async (step: number, scale: number): Promise<void> => {
      await runner.step({ ...makePart(step, 0, 6, scale), ...accumulate(false) }, onlyGradients);
      await runner.step({ ...makePart(step, 6, 12), ...accumulate(true) }, wholeIteration);
    };
    await stepInParts(0, 1);
    expect(valuesOf(runner, "loss_scale.good_steps")).toStrictEqual([1]);
    const isLasting = (name: string): boolean => !isScaling(name) && !isSum(name);
    const before = copyStates(runner, isLasting);
    await stepInParts(1, Infinity);
    expect(copyStates(runner, isLasting)).toStrictEqual(before);
    expect(valuesOf(runner, "loss_scale.scale")).toStrictEqual([512]);
    expect(valuesOf(runner, "loss_scale.good_steps")).toStrictEqual([0]);
    await stepInParts(2, 1);
    expect(valuesOf(runner, "optimizer.step")).toStrictEqual([2]);
  });
});

test("clipped gradients are the unclipped ones, scaled to the norm", async () => {
  const largest = 0.01;
  const [plain, clipped] = [await open({}), await open({ clipNorm: largest })];
  await plain.step(makePart(0));
  await clipped.step(makePart(0));
  // A first step's moment is the gradient times 1 - 0.9.
  const gradientsOf = (runner: TrainingInfoRunner): readonly number[] =>
    [...runner.state.keys()]
      .filter((name) => name.endsWith(".moment1"))
      .flatMap((name) => valuesOf(runner, name).map((value) => value / 0.1));
  const [before, after] = [gradientsOf(plain), gradientsOf(clipped)];
  expect(norm(before)).toBeGreaterThan(2 * largest);
  const factor = largest / (norm(before) + 1e-6);
  const expected = before.map((value) => value * factor);
  expect(norm(difference(after, expected))).toBeLessThan(1e-6 * largest);
});

describe("parts of the network at other rates", () => {
  const rates = { "patchEmbedding.*": 0, "positionalEmbedding.*": 0, "addTokens.*": 0, "blocks.0.*": 0.25 };
  const optimizer = adamW({ learningRate: 1e-3, weightDecay: 0.1 });

  test("frozen: no gradient, no moments, no update; below the frozen layers there is no backward pass", () => {
    const { inference, gradients, update } = lower({ rates, optimizer });
    const isFrozen = (name: string): boolean => /^(patchEmbedding|positionalEmbedding|addTokens)\./.test(name);
    expect(inference.states.map(({ value }) => value.name).filter(isFrozen)).toStrictEqual([
      "patchEmbedding.weight",
      "patchEmbedding.bias",
      "addTokens.cls",
      "positionalEmbedding.weight",
    ]);
    expect(gradients?.states.flatMap(({ value, next }) => (isFrozen(value.name) && next ? [value.name] : []))).toEqual(
      [],
    );
    expect(
      update?.states.map(({ value }) => value.name).filter((name) => isFrozen(name.replace("gradient.", ""))),
    ).toEqual([]);
    const nodes = [...(gradients?.nodes ?? []), ...(update?.nodes ?? [])];
    const roles = nodes.filter(({ origin }) => isFrozen(`${origin.path}.`)).map(({ origin }) => origin.role);
    expect(new Set(roles)).toStrictEqual(new Set(["forward"]));
  });

  test("a slower part moves by its share, by decay and by gradient", async () => {
    const [plain, runner] = [await open({ optimizer }), await open({ optimizer, rates })];
    const isTrained = (name: string): boolean => runner.state.has(name) && isParameter(name) && isComparable(name);
    const before = copyStates(plain, isTrained);
    await plain.step(makePart(0));
    await runner.step(makePart(0));
    for (const [name, start] of before) {
      const factor = name.startsWith("blocks.0.") ? 0.25 : 1;
      const expected = difference(valuesOf(plain, name), start).map((value) => value * factor);
      const error = norm(difference(difference(valuesOf(runner, name), start), expected));
      // Movements are differences of float32 numbers around 1.
      expect(error / norm(expected), name).toBeLessThan(1e-3);
    }
  });
});

describe("the whole recipe", () => {
  const recipe: Partial<Training> = {
    accumulate: 2,
    clipNorm: 0.1,
    rates: { "patchEmbedding.*": 0, "blocks.0.*": 0.5 },
    augment: [mixup({ rate: 0.5 }), maskFrequency({ bins: 8 }), maskTime({ frames: 12 }), noise(), roll()],
  };
  const waveforms = (key: string, samples: number): Tensor =>
    floats(generateTensor(`recipe/${key}`, 2 * samples, 0.3), 2, samples);
  const feeds: Tensors = {
    waveform: waveforms("clips", 4000),
    mixup: floats([1, 0], 2),
    mixup_share: floats([0.4, 0.6], 2),
    mixup_waveform: waveforms("partners", 5000),
    mixup_targets: floats([0, 1, 0, 0, 0, 0], 2, classes),
    frequency_mask: floats([2, 7, 0, 0], 2, 2),
    time_mask: floats([0, 3, 20, 24], 2, 2),
    noise: floats(generateTensor("recipe/noise", 2 * frames * bins, 0.5, 0.5), 2, frames, bins),
    noise_level: floats([0.05, 0.1], 2),
    roll: floats([3, 20], 2),
    targets: floats([1, 0, 0, 0, 0, 1], 2, classes),
    learning_rate: floats([1e-3]),
  };

  test("inference is the same, node for node, with it and without", () => {
    expect(lower(recipe, "waveform").inference).toStrictEqual(lower({}, "waveform").inference);
  });

  if (softwareGpu !== undefined) process.env["VK_DRIVER_FILES"] = softwareGpu;
  const webgpu = { executionProviders: ["webgpu"], extra: { session: { disable_cpu_ep_fallback: "1" } } };

  test.skipIf(softwareGpu === undefined)(
    "a WebGPU device has kernels for all of it, and trains as the CPU",
    async () => {
      const [cpu, gpu] = [await open(recipe, "waveform"), await open(recipe, "waveform", webgpu)];
      for (let part = 0; part < 6; part++) {
        const isLast = part % 2 === 1;
        const inputs = { ...feeds, ...accumulate(isLast) };
        const algorithms = isLast ? wholeIteration : onlyGradients;
        const [expected, found] = [await cpu.step(inputs, algorithms), await gpu.step(inputs, algorithms)];
        const loss = Number(expected["loss"]?.data[0]);
        expect(Math.abs(Number(found["loss"]?.data[0]) / loss - 1)).toBeLessThan(1e-5);
      }
      expect(valuesOf(gpu, "optimizer.step")).toStrictEqual([3]);
      const expected = parametersOf(cpu);
      expect(norm(difference(parametersOf(gpu), expected)) / norm(expected)).toBeLessThan(1e-5);
    },
  );
});
