import type { Tensor } from "../../onnxruntime.ts";
import { beforeAll, describe, expect, test } from "vitest";
import { type Builder, createBuilder } from "../../../compiler/ops/builder.ts";
import type { Attributes, Graph, Value } from "../../../compiler/ir/graph.ts";
import { printShape } from "../../../compiler/ir/shape.ts";
import { type AnyOp, findOp, type OpName, ops } from "../../../compiler/ops/table.ts";
import { gradients } from "../../../compiler/passes/gradients.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { holdSoftwareGpu } from "../../hold-software-gpu.ts";
import { softwareGpu } from "../../software-gpu.ts";
import { opsetVersion, runGraph } from "../run-graph.ts";
import { type NdArray, sizeOf, sum } from "./nd-array.ts";
import { floats, lengthOf, toNumbers, toTensor } from "./operand.ts";
import { type Case, type Sample, samples } from "./samples.ts";

beforeAll(holdSoftwareGpu);
const webgpu = { executionProviders: ["webgpu"], extra: { session: { disable_cpu_ep_fallback: "1" } } };

const opNames = Object.keys(ops) as OpName[];
const inputName = (index: number): string => `operand${index}`;
const weightsName = (index: number): string => `weights${index}`;

type Emitter = (...args: readonly (Value | readonly Value[] | Attributes | undefined)[]) => unknown;

/** Writes the operator with one graph input per operand. */
const emit = (
  b: Builder,
  op: OpName,
  { operands, attributes }: Case,
): { inputs: (Value | undefined)[]; results: Value[] } => {
  const row: AnyOp = findOp(op);
  const inputs = operands.map((operand, index) => operand && b.input(inputName(index), operand.type));
  const [first = ""] = row.operands;
  const args = first.startsWith("...") ? [inputs.filter((input) => input !== undefined)] : inputs;
  const emitted = (b[op] as Emitter)(...args, ...(attributes ? [attributes] : []));
  const results = row.results ? Object.values(emitted as Record<string, Value>) : [emitted as Value];
  return { inputs, results };
};

const feedsOf = ({ operands }: Case) =>
  Object.fromEntries(operands.flatMap((operand, index) => (operand ? [[inputName(index), toTensor(operand)]] : [])));

/** With numbers for the lengths among them. */
const settled = (attributes: Attributes): Attributes =>
  Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, typeof value === "object" ? value.map(lengthOf) : value]),
  );

const evaluate = ({ evaluate }: Sample, arrays: readonly (NdArray | undefined)[], attributes: Attributes = {}) =>
  [evaluate(arrays as readonly NdArray[], settled(attributes))].flat();

/** ONNX Runtime's WebGPU provider (1.30) moves and describes int64 tensors, but computes nothing with them. */
const computesInt64 = ({ operands }: Case): boolean =>
  operands.find((operand) => operand && operand.type.dtype !== "bool")?.type.dtype === "int64";

/** Nor has it the lengths of tensors that a run computes: ONNX Runtime does that on the CPU. */
const computesLengths = ({ attributes = {} }: Case): boolean => {
  const lengths = Object.values(attributes).flatMap((value) => (typeof value === "object" ? [...value] : []));
  return lengths.filter((dim) => typeof dim !== "number").length > (attributes["shape"] ? 1 : 0) && !attributes["to"];
};

const describeCase = ({ operands, attributes }: Case): string => {
  const shapes = operands.map((operand) => (operand ? `${operand.type.dtype}${printShape(operand.type.shape)}` : "-"));
  return `${shapes.join(", ")} ${JSON.stringify(attributes ?? {})}`;
};

const expectClose = (actual: readonly number[], expected: ArrayLike<number>, tolerance: number): void => {
  const errors = actual.map((value, index) => Math.abs(value - (expected[index] ?? NaN)));
  const scale = 1 + Math.max(0, ...Array.from(expected, Math.abs));
  expect(actual).toHaveLength(expected.length);
  expect(Math.max(0, ...errors) / scale).toBeLessThan(tolerance);
};

/** The weights of results in the loss sum(results * weights). */
const lossWeights = (result: number, shape: readonly number[]): Float32Array =>
  generateTensor(`loss/${result}`, sizeOf(shape), 1);

const weightedSum = (b: Builder, result: Value, index: number): Value => {
  const product = b.mul(result, b.input(weightsName(index), result.type));
  const axes = result.type.shape.map((_, axis) => axis);
  return axes.length === 0 ? product : b.reduceSum(product, { axes, keepdims: 0 });
};

/** Central differences of the loss, in double precision, by the elements of one operand. */
const finiteDifferences = (sample: Sample, { operands, attributes }: Case, which: number): number[] => {
  const arrays = operands.map((operand) => operand?.array);
  const step = 1e-5;
  const loss = (element: number, change: number): number => {
    const moved = arrays.map((array, index) =>
      array && index === which
        ? { ...array, data: array.data.map((value, at) => (at === element ? value + change : value)) }
        : array,
    );
    const results = evaluate(sample, moved, attributes);
    const followed = sample.differentiable ?? results.map((_, index) => index);
    return sum(
      followed.map((index) => {
        const { shape, data } = results[index] as NdArray;
        const weights = lossWeights(index, shape);
        return sum(Array.from(data, (value, at) => value * (weights[at] ?? NaN)));
      }),
    );
  };
  return Array.from(
    arrays[which]?.data ?? [],
    (_, element) => (loss(element, step) - loss(element, -step)) / (2 * step),
  );
};

/** The gradients that the pass builds, by operand, as ONNX Runtime computes them. */
const runGradients = async (
  op: OpName,
  sample: Sample,
  tried: Case,
): Promise<ReadonlyMap<string, readonly number[]>> => {
  const b = createBuilder();
  const { inputs, results } = emit(b, op, tried);
  const targets = inputs.filter((input) => input?.type.dtype === "float32") as Value[];
  const followed = sample.differentiable ?? results.map((_, index) => index);
  const losses = followed
    .filter((index) => results[index]?.type.dtype === "float32")
    .map((index) => weightedSum(b, results[index] as Value, index));
  const [first, ...others] = losses;
  if (!first || targets.length === 0) return new Map();
  const loss = others.reduce((total, other) => b.add(total, other), first);
  const found = gradients(b.finish([loss]), b, loss, targets);
  if (found.size === 0) return new Map();
  const weights = evaluate(
    sample,
    tried.operands.map((operand) => operand?.array),
    tried.attributes,
  ).map(({ shape }, index) => [weightsName(index), toTensor(floats(shape, [...lossWeights(index, shape)]))]);
  const tensors = await runGraph(b.finish([...found.values()]), { ...feedsOf(tried), ...Object.fromEntries(weights) });
  return new Map([...found.keys()].map((name, index) => [name, toNumbers(tensors[index] as Tensor)]));
};

describe.each(opNames)("%s", (op) => {
  const row = findOp(op);
  const sample = samples[op];
  const named = sample.cases.map((tried) => [describeCase(tried), tried] as const);
  const hasKernel = ([, tried]: (typeof named)[number]): boolean =>
    row.kernels.includes("webgpu") && !computesInt64(tried) && !computesLengths(tried);
  // The software device has no float16.
  const onGpu = named.filter((entry) => hasKernel(entry) && !/float16|"to":10/.test(entry[0]));
  const notOnGpu = named.filter((entry) => !hasKernel(entry));

  test.each(named)("%s: type and values", async (_, tried) => {
    const b = createBuilder();
    const { results } = emit(b, op, tried);
    const tensors = await runGraph(b.finish(results), feedsOf(tried));
    const expected = evaluate(
      sample,
      tried.operands.map((operand) => operand?.array),
      tried.attributes,
    );
    expect(tensors).toHaveLength(expected.length);
    for (const [index, { dims, type }] of tensors.entries()) {
      const inferred = results[index]?.type;
      expect(type).toBe(inferred?.dtype);
      expect(dims).toStrictEqual(inferred?.shape.map(lengthOf));
      expect(dims).toStrictEqual(expected[index]?.shape);
      expectClose(toNumbers(tensors[index] as Tensor), expected[index]?.data ?? [], 2e-6);
    }
  });

  test.each(named)("%s: gradient", async (_, tried) => {
    const found = await runGradients(op, sample, tried);
    const floatOperands = tried.operands.flatMap((operand, index) =>
      operand?.type.dtype === "float32" ? [index] : [],
    );
    const followed = row.gradient === "zero" ? [] : floatOperands;
    expect([...found.keys()]).toStrictEqual(followed.map(inputName));
    for (const index of followed) {
      expectClose(found.get(inputName(index)) ?? [], finiteDifferences(sample, tried, index), 5e-6);
    }
  });

  describe.skipIf(softwareGpu === undefined)("on a WebGPU device", () => {
    const writeGraph = (tried: Case): Graph => {
      const b = createBuilder();
      return b.finish(emit(b, op, tried).results);
    };

    test.each(onGpu)("%s: is as on the CPU", async (_, tried) => {
      const graph = writeGraph(tried);
      const expected = await runGraph(graph, feedsOf(tried));
      const found = await runGraph(graph, feedsOf(tried), undefined, webgpu);
      expect(found.map(({ type, dims }) => ({ type, dims }))).toStrictEqual(
        expected.map(({ type, dims }) => ({ type, dims })),
      );
      for (const [index, tensor] of found.entries()) {
        expectClose(toNumbers(tensor), toNumbers(expected[index] as Tensor), 2e-6);
      }
    });

    test.each(notOnGpu)("%s: has no kernel", async (_, tried) => {
      const run = runGraph(writeGraph(tried), feedsOf(tried), undefined, webgpu);
      await expect(run).rejects.toThrow("fallback to CPU EP has been explicitly disabled");
    });
  });

  test("kernels, operator set and cost", () => {
    const b = createBuilder();
    const [tried] = sample.cases;
    const { results } = emit(b, op, tried as Case);
    expect(row.kernels.length).toBeGreaterThan(0);
    expect(row.onnx.since).toBeLessThanOrEqual(opsetVersion(b.finish(results)));
    expect(row.onnx.type.toLowerCase()).toBe(op.toLowerCase());
  });
});

describe("derivatives at a kink are taken from the left", () => {
  test.each([
    ["relu", { operands: [floats([1], [0])] }, 0],
    ["abs", { operands: [floats([1], [0])] }, -1],
    ["clip", { operands: [floats([1], [0.25]), floats([], [0.25])] }, 0],
  ] as const)("%s", async (op, tried, slope) => {
    const [gradient] = (await runGradients(op, samples[op], tried)).values();
    expect(gradient?.[0]).toBeCloseTo(slope * (lossWeights(0, [1])[0] ?? NaN), 6);
  });
});
