/** Batch normalisation: PyTorch's values and gradients, what it leaves of its statistics, and how inference has it. */
import { describe, expect, test } from "vitest";
import { lowerSpec } from "../../../compiler/lower/lower-spec.ts";
import { describeArtifact } from "../../../compiler/emit/describe-artifact.ts";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import type { Flow, Spectrogram, Tokens } from "../../../compiler/ir/flow.ts";
import { type Graph, unchanged, type Value } from "../../../compiler/ir/graph.ts";
import type { Program } from "../../../compiler/ir/program.ts";
import { batchNorm as row } from "../../../compiler/layers/batch-norm.ts";
import { createPresence } from "../../../compiler/layers/presence.ts";
import { isStatic } from "../../../compiler/ir/shape.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { gradients } from "../../../compiler/passes/gradients.ts";
import { Tensor } from "../../onnxruntime.ts";
import {
  adam,
  attention,
  batchNorm,
  dense,
  gelu,
  type Layers,
  meanOfTokens,
  patchEmbedding,
  repeat,
  residual,
  type Training,
} from "../../../spec/dsl/index.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { committedGoldens, readGoldenJson } from "../../golden-data/golden.ts";
import { openGraphRunner } from "../open-graph-runner.ts";
import { runGraph } from "../run-graph.ts";
import { tiny } from "../tiny-model.ts";

interface Step {
  readonly y: readonly number[];
  readonly dx: readonly number[];
  readonly dweight: readonly number[];
  readonly dbias: readonly number[];
  readonly running_mean: readonly number[];
  readonly running_var: readonly number[];
}

interface Case {
  readonly id: string;
  readonly shape: readonly number[];
  readonly eps: number;
  readonly momentum: number;
  readonly step0: Step;
  readonly step1: Step;
  readonly inference: readonly number[];
}

const cases = readGoldenJson(committedGoldens, "layers", "batch-norm.json") as readonly Case[];

const floats = (values: ArrayLike<number>, ...dims: readonly number[]): Tensor =>
  new Tensor("float32", Float32Array.from(values), dims);
const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
const data = (tensor: Tensor | undefined): Float32Array => tensor?.data as Float32Array;

const expectClose = (found: ArrayLike<number>, expected: ArrayLike<number>, what: string): void => {
  expect(found, what).toHaveLength(expected.length);
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  Array.from(expected).forEach((value, index) =>
    expect(Math.abs((found[index] ?? NaN) - value) / scale, `${what} [${index}]`).toBeLessThan(2e-6),
  );
};

const flowOf = (lengths: readonly number[]): Flow => {
  const [first = 1, second = 1] = lengths;
  return lengths.length === 1
    ? { kind: "vector", width: first }
    : { kind: "spectrogram", frames: first, bins: second, heldFrames: first };
};

/** The layer alone; in training with gradients of sum(y dy). @param ragged what it takes of clips that have `frames` [batch, 1] of their own */
const lowerAlone = (
  lengths: readonly number[],
  layer: ReturnType<typeof batchNorm>,
  isTraining: boolean,
  ragged?: Spectrogram | Tokens,
) => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: ["batch", ...lengths] });
  const width = lengths.at(-1) ?? 1;
  const state = (kind: "parameter" | "statistic", name: string): Value =>
    b.state({ kind, initializer: { kind: "zeros" }, fanIn: 1 }, name, { dtype: "float32", shape: [width] });
  const parameters = { weight: state("parameter", "weight"), bias: state("parameter", "bias") };
  const statistics = {
    running_mean: state("statistic", "running_mean"),
    running_variance: state("statistic", "running_variance"),
  };
  const takes = ragged ?? flowOf(lengths);
  const presence =
    ragged &&
    createPresence(b, b.input("frames", { dtype: "float32", shape: ["batch", 1] }), { path: "l", role: "training" });
  const call = {
    layer,
    takes,
    b,
    x,
    path: "p",
    parameters,
    statistics,
    presence,
    beside: new Map(),
    lowerBranch: () => x,
  };
  const y = (isTraining && row.lowerForTraining?.(call)) || row.lower(call);
  if (!isTraining) return { ...b.finish([y]), states: b.finish([y]).states };
  const dy = b.input("dy", x.type);
  const axes = [0, ...lengths.map((_, index) => index + 1)];
  const loss = b.reduceSum(b.mul(y, dy), { axes, keepdims: 0 });
  const written = b.finish([]);
  const found = gradients(written, b, loss, [x, parameters.weight, parameters.bias]);
  const nexts = written.states.flatMap(({ next }) => next ?? []);
  const graph = b.finish([y, ...["x", "weight", "bias"].flatMap((name) => found.get(name) ?? []), ...nexts]);
  return { ...graph, states: graph.states.map(unchanged) };
};

describe.each(cases)("PyTorch's values, of a $id", ({ id, shape, eps, momentum, ...expected }) => {
  const [clips = 0, ...lengths] = shape;
  const width = lengths.at(-1) ?? 0;
  const tag = `#batch-norm/${id}`;
  const layer = batchNorm({ eps, momentum });
  const parameters = {
    weight: generateTensor(`weight${tag}`, width, 0.5, 1),
    bias: generateTensor(`bias${tag}`, width, 0.5),
  };
  const input = (step: number): Tensor => floats(generateTensor(`x${step}${tag}`, size(shape), 2, 0.7), ...shape);

  test("two batches, their gradients and the statistics after each; then inference", async () => {
    const graph = lowerAlone(lengths, layer, true);
    let statistics: { readonly running_mean: Float32Array; readonly running_variance: Float32Array } = {
      running_mean: new Float32Array(width),
      running_variance: new Float32Array(width).fill(1),
    };
    for (const [step, { y, dx, dweight, dbias, ...running }] of [expected.step0, expected.step1].entries()) {
      const values: Readonly<Record<string, Float32Array>> = { ...parameters, ...statistics };
      const dy = floats(generateTensor(`dy${step}${tag}`, size(shape), 1), ...shape);
      const results = (await runGraph(graph, { x: input(step), dy }, (name) => values[name])).map(data);
      const [foundY = [], foundX = [], foundWeight = [], foundBias = [], mean, variance] = results;
      expectClose(foundY, y, "y");
      expectClose(foundX, dx, "dx");
      expectClose(foundWeight, dweight, "dweight");
      expectClose(foundBias, dbias, "dbias");
      expectClose(mean ?? [], running.running_mean, "running mean");
      expectClose(variance ?? [], running.running_var, "running variance");
      if (mean && variance) statistics = { running_mean: mean, running_variance: variance };
    }
    const values: Readonly<Record<string, Float32Array>> = { ...parameters, ...statistics };
    const [y] = await runGraph(lowerAlone(lengths, layer, false), { x: input(0) }, (name) => values[name]);
    expectClose(data(y), expected.inference, "inference");
    expect(clips).toBeGreaterThan(1);
  });
});

test("a clip that is alone is normalised by the running statistics and leaves them, bit for bit", async () => {
  const width = 5;
  const values: Readonly<Record<string, Float32Array>> = {
    weight: generateTensor("w", width, 1),
    bias: generateTensor("b", width, 1),
    running_mean: generateTensor("m", width, 1),
    running_variance: generateTensor("v", width, 0.4, 0.5),
  };
  const read = (name: string): Float32Array | undefined => values[name];
  const x = floats(generateTensor("x", width, 3), 1, width);
  const dy = floats(generateTensor("dy", width, 3), 1, width);
  const [y, dx, , , mean, variance] = await runGraph(lowerAlone([width], batchNorm(), true), { x, dy }, read);
  const [inferred] = await runGraph(lowerAlone([width], batchNorm(), false), { x }, read);
  expectClose(data(y), data(inferred), "y");
  expect(data(mean)).toStrictEqual(values["running_mean"]);
  expect(data(variance)).toStrictEqual(values["running_variance"]);
  const scales = data(dx).map((value, index) => value / (data(dy)[index] ?? NaN));
  expectClose(
    scales,
    Array.from(
      values["weight"] ?? [],
      (weight, index) => weight / Math.sqrt((values["running_variance"]?.[index] ?? NaN) + 1e-5),
    ),
    "dx / dy",
  );
});

describe("of clips that have lengths of their own what is absent counts nothing", () => {
  const [frames, width, own] = [9, 3, [9, 4, 6]];
  const along = { patch: 2, stride: 3 };
  const [rows, columns] = [2, 3];
  const tokens = 2 + rows * columns;

  test.each([
    {
      takes: { kind: "spectrogram", frames, bins: width, heldFrames: frames } as const,
      length: frames,
      isOwn: (clip: number, place: number): boolean => place < (own[clip] ?? 0),
    },
    {
      // A column ends after 2, 5 and 8 frames.
      takes: {
        kind: "tokens",
        columns,
        width,
        along,
        grid: { rows, columns },
        order: ["cls", "patches", "end"],
      } as const,
      length: tokens,
      isOwn: (clip: number, place: number): boolean =>
        place === 0 || place === tokens - 1 || ((place - 1) % columns) * along.stride + along.patch <= (own[clip] ?? 0),
    },
  ])("of $takes.kind: values, gradients and statistics, in float64 by the rule", async ({ takes, length, isOwn }) => {
    const shape = [own.length, length, width];
    const [x, dy] = ["x", "dy"].map((name) => generateTensor(`${name}#ragged/${takes.kind}`, size(shape), 2, 0.7));
    const values: Readonly<Record<string, Float32Array>> = {
      weight: generateTensor("weight#ragged", width, 0.5, 1),
      bias: generateTensor("bias#ragged", width, 0.5),
      running_mean: generateTensor("mean#ragged", width, 1),
      running_variance: generateTensor("variance#ragged", width, 0.4, 0.5),
    };
    if (!x || !dy) throw new Error("no values");
    // What nobody asks for has no gradient, and may be anything.
    const present = x.map((_, at) => Number(isOwn(Math.floor(at / width / length), Math.floor(at / width) % length)));
    const run = (absent: number) =>
      runGraph(
        lowerAlone([length, width], batchNorm(), true, takes),
        {
          x: floats(
            x.map((value, at) => (present[at] === 1 ? value : absent)),
            ...shape,
          ),
          dy: floats(
            dy.map((value, at) => value * (present[at] ?? NaN)),
            ...shape,
          ),
          frames: floats(own, own.length, 1),
        },
        (name) => values[name],
      );
    const [y = [], dx = [], dweight = [], dbias = [], mean = [], variance = []] = (await run(1000)).map(data);

    const expected = { y: [...x], dx: [...x], dweight: [0], dbias: [0], mean: [0], variance: [0] };
    for (let channel = 0; channel < width; channel++) {
      const places = Array.from(present.keys()).filter((at) => at % width === channel && present[at] === 1);
      const averageOf = (valueAt: (at: number) => number): number =>
        places.reduce((sum, at) => sum + valueAt(at), 0) / places.length;
      const at = (all: Float32Array, index: number): number => all[index] ?? NaN;
      const center = averageOf((index) => at(x, index));
      const spread = averageOf((index) => (at(x, index) - center) ** 2);
      const deviation = Math.sqrt(spread + 1e-5);
      const normal = (index: number): number => (at(x, index) - center) / deviation;
      const [weight, bias] = [at(values["weight"] ?? x, channel), at(values["bias"] ?? x, channel)];
      const [meanDy, meanDyNormal] = [
        averageOf((index) => at(dy, index)),
        averageOf((index) => at(dy, index) * normal(index)),
      ];
      for (const index of places) {
        expected.y[index] = weight * normal(index) + bias;
        expected.dx[index] = (weight / deviation) * (at(dy, index) - meanDy - normal(index) * meanDyNormal);
      }
      expected.dweight[channel] = meanDyNormal * places.length;
      expected.dbias[channel] = meanDy * places.length;
      const unbiased = (spread * places.length) / (places.length - 1);
      expected.mean[channel] = 0.9 * at(values["running_mean"] ?? x, channel) + 0.1 * center;
      expected.variance[channel] = 0.9 * at(values["running_variance"] ?? x, channel) + 0.1 * unbiased;
    }
    const ofOwn = (all: ArrayLike<number>): readonly number[] => Array.from(all).filter((_, at) => present[at] === 1);
    expectClose(ofOwn(y), ofOwn(expected.y), "y");
    expectClose(ofOwn(dx), ofOwn(expected.dx), "dx");
    expectClose(dweight, expected.dweight, "dweight");
    expectClose(dbias, expected.dbias, "dbias");
    expectClose(mean, expected.mean, "running mean");
    expectClose(variance, expected.variance, "running variance");
    const others = (await run(-3)).map(data);
    expect(ofOwn(others[1] ?? [])).toStrictEqual(ofOwn(dx));
    expect(others.slice(2)).toStrictEqual([dweight, dbias, mean, variance]);
  });
});

const [frames, bins, clips] = [24, 16, 4];

const network: Layers = [
  patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 }),
  batchNorm(),
  repeat(2, [
    residual(batchNorm(), attention({ heads: 2 })),
    residual(batchNorm(), dense(16), batchNorm(), gelu(), dense(8), batchNorm()),
  ]),
  meanOfTokens(),
  batchNorm(),
  dense("classes"),
];

const lower = (recipe: Partial<Training> = {}, layers = network): Program => {
  const training = { optimizer: adam({ learningRate: 1e-2 }), batch: clips, epochs: 1, ...recipe };
  const spec = normalizeSpec(tiny({ network: layers, training }), () => undefined, "spec.ts");
  return lowerSpec(spec, "features", () => undefined);
};

const part = (from = 0, to = clips) => ({
  input_values: floats(
    generateTensor("batch-norm", clips * frames * bins, 1).subarray(from * frames * bins, to * frames * bins),
    to - from,
    frames,
    bins,
  ),
  targets: floats([1, 0, 0, 1, 1, 0, 0, 1].slice(2 * from, 2 * to), to - from, 2),
  learning_rate: floats([1e-2]),
});

const statisticsOf = ({ states }: Graph): readonly string[] =>
  states.filter(({ kind }) => kind === "statistic").map(({ value }) => value.name);

describe("the program", () => {
  test("infers without a pass over tokens", () => {
    const { inference } = lower();
    const passes = inference.nodes.filter(
      ({ origin, outputs }) => /batchNorm/.test(origin.path) && outputs.some(({ type }) => !isStatic(type.shape)),
    );
    expect(passes.map(({ outputs }) => outputs[0]?.name)).toStrictEqual([]);
    expect(statisticsOf(inference)).toHaveLength(20);
  });

  test("moves the statistics with the gradients; the optimizer does not know them", () => {
    const { inference, gradients, update } = lower();
    const moved = gradients?.states
      .filter(({ kind, next }) => kind === "statistic" && next)
      .map(({ value }) => value.name);
    expect(moved).toStrictEqual(statisticsOf(inference));
    expect(update?.states.filter(({ value }) => /running/.test(value.name))).toStrictEqual([]);
    expect(gradients?.states.filter(({ value }) => /^gradient\..*running/.test(value.name))).toStrictEqual([]);
  });

  test("leaves those of a frozen layer, and tells them with what is frozen", () => {
    const rates = { "blocks.0.*": 0 };
    const training = { optimizer: adam({ learningRate: 1e-2 }), batch: clips, epochs: 1, rates };
    const spec = normalizeSpec(tiny({ network, training }), () => undefined, "spec.ts");
    const program = lowerSpec(spec, "features", () => undefined);
    const moved = program.gradients?.states.filter(({ kind, next }) => kind === "statistic" && next);
    expect(moved?.some(({ value }) => value.name.startsWith("blocks.0."))).toBe(false);
    expect(moved).toHaveLength(12);
    const { frozen, parameters, clipsAtOnce } = describeArtifact(spec, program, "features");
    expect(clipsAtOnce).toBe(2);
    expect(frozen).toContain("blocks.0.residual1.batchNorm.running_mean");
    expect(frozen.filter((name) => /running/.test(name))).toHaveLength(8);
    expect(parameters).toBe(
      program.inference.states
        .filter(({ kind }) => kind === "parameter")
        .reduce((sum, { value }) => sum + size(value.type.shape.map(Number)), 0),
    );
  });

  test("trains by the standard alone: the loss falls, and each part of an accumulated batch moves the statistics", async () => {
    const runner = await openGraphRunner(lower({ accumulate: 2 }));
    const statistic = (): readonly number[] => Array.from(data(runner.state.get("batchNorm1.running_mean")));
    const accumulate = (isAdded: boolean) => ({ accumulate: new Tensor("bool", [isAdded], []) });
    const losses: number[] = [];
    for (let step = 0; step < 30; step++) {
      const [before] = [statistic()];
      const first = await runner.step({ ...part(0, 2), ...accumulate(false) }, [0]);
      const between = statistic();
      const second = await runner.step({ ...part(2, 4), ...accumulate(true) }, [0, 1]);
      expect(between).not.toStrictEqual(before);
      expect(statistic()).not.toStrictEqual(between);
      losses.push(Number(first["loss"]?.data[0]) + Number(second["loss"]?.data[0]));
    }
    expect(losses.at(-1)).toBeLessThan(0.3 * (losses[0] ?? NaN));
  });
});
