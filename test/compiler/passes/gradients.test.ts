import { Tensor } from "../../onnxruntime.ts";
import { expect, test } from "vitest";
import { type Builder, createBuilder } from "../../../compiler/ops/builder.ts";
import type { Dim } from "../../../compiler/artifact/dim.ts";
import type { Graph, Value } from "../../../compiler/ir/graph.ts";
import { gradients } from "../../../compiler/passes/gradients.ts";
import { runGraph } from "../run-graph.ts";

const floats = (values: readonly number[], dims: readonly number[]): Tensor =>
  new Tensor("float32", Float32Array.from(values), dims);

const declare = (b: Builder, name: string, ...shape: readonly Dim[]): Value =>
  b.input(name, { dtype: "float32", shape });

const total = (b: Builder, x: Value): Value =>
  b.reduceSum(x, { axes: x.type.shape.map((_, axis) => axis), keepdims: 0 });

const differentiate = (b: Builder, loss: Value, ...targets: readonly Value[]): ReadonlyMap<string, Value> =>
  gradients(b.finish([loss]), b, loss, targets);

const gradientOps = ({ nodes }: Graph): readonly string[] =>
  nodes.filter(({ origin }) => origin.role === "gradient").map(({ op }) => op);

test("parts from several uses are added up", async () => {
  const b = createBuilder();
  const x = declare(b, "x", 3);
  const twice = b.add(x, x);
  const loss = total(b, b.add(b.mul(twice, x), b.exp(x)));
  const gradient = differentiate(b, loss, x).get("x");
  const [result] = await runGraph(b.finish(gradient ? [gradient] : []), { x: floats([-1, 0, 2], [3]) });
  const expected = [-1, 0, 2].map((value) => 4 * value + Math.exp(value));
  expected.forEach((value, index) => expect(result?.data[index]).toBeCloseTo(value, 5));
});

test("broadcast operands get sums over their broadcast axes, in their own shape", async () => {
  const b = createBuilder();
  const x = declare(b, "x", "batch", 2, 3);
  const targets = [declare(b, "scalar"), declare(b, "row", 3), declare(b, "column", 2, 1), declare(b, "one", 1, 1, 1)];
  const loss = total(
    b,
    targets.reduce((sum, target) => b.add(sum, b.mul(x, target)), x),
  );
  const found = differentiate(b, loss, ...targets);
  expect([...found.values()].map(({ type }) => type.shape)).toStrictEqual([[], [3], [2, 1], [1, 1, 1]]);
  const values = Array.from({ length: 12 }, (_, index) => index);
  const ones = (...dims: readonly number[]): Tensor =>
    floats(
      Array.from({ length: dims.reduce((a, c) => a * c, 1) }, () => 1),
      dims,
    );
  const results = await runGraph(b.finish([...found.values()]), {
    x: floats(values, [2, 2, 3]),
    scalar: ones(),
    row: ones(3),
    column: ones(2, 1),
    one: ones(1, 1, 1),
  });
  expect(results.map(({ data }) => Array.from(data as Float32Array))).toStrictEqual([
    [66],
    [18, 22, 26],
    [24, 42],
    [66],
  ]);
});

test("a target that the loss does not depend on has no gradient", () => {
  const b = createBuilder();
  const [used, unused, beside] = [declare(b, "used", 2), declare(b, "unused", 2), declare(b, "beside", 2)];
  b.exp(beside);
  const found = differentiate(b, total(b, b.mul(used, used)), used, unused, beside);
  expect([...found.keys()]).toStrictEqual(["used"]);
});

test("what reaches a target only through comparisons and casts has no gradient", () => {
  const b = createBuilder();
  const x = declare(b, "x", 2);
  const found = differentiate(b, total(b, b.where(b.less(x, b.scalar(0)), b.scalar(1), b.scalar(2))), x);
  expect(found.size).toBe(0);
});

test("only demanded gradients are built", () => {
  const write = (...names: readonly string[]): readonly string[] => {
    const b = createBuilder();
    const values = [declare(b, "x", "batch", 3), declare(b, "weight", 3, 4), declare(b, "bias", 4)] as const;
    const [x, weight, bias] = values;
    const loss = total(b, b.gemm(b.exp(x), weight, bias, { transA: 0, transB: 0 }));
    differentiate(b, loss, ...values.filter(({ name }) => names.includes(name)));
    return gradientOps(b.finish([loss]));
  };
  const ofLoss = ["reshape", "shape", "expand"];
  expect(write("weight")).toStrictEqual([...ofLoss, "gemm"]);
  expect(write("bias")).toStrictEqual([...ofLoss, "reduceSum"]);
  expect(write("x")).toStrictEqual([...ofLoss, "gemm", "mul"]);
  expect(write()).toStrictEqual([]);
});

test("parts of a split that the loss does not use count as zero", async () => {
  const b = createBuilder();
  const x = declare(b, "x", "batch", 3);
  const [, middle] = b.split(x, { axis: 1, split: [1, 1, 1] });
  const loss = total(b, middle ?? x);
  const gradient = differentiate(b, loss, x).get("x");
  const [result] = await runGraph(b.finish(gradient ? [gradient] : []), { x: floats([1, 2, 3, 4, 5, 6], [2, 3]) });
  expect(Array.from(result?.data as Float32Array)).toStrictEqual([0, 1, 0, 0, 1, 0]);
});

test("gradients keep the origin of the node they differentiate", () => {
  const b = createBuilder();
  const x = declare(b, "x", 2);
  const y = b.from({ path: "blocks.0.gelu", role: "forward" }, () => b.tanh(x));
  const loss = total(b, y);
  differentiate(b, loss, x);
  const origins = b
    .finish([loss])
    .nodes.filter(({ origin }) => origin.path !== "")
    .map(({ op, origin }) => `${op} ${origin.role}`);
  expect(origins).toStrictEqual(["tanh forward", "mul gradient", "sub gradient", "mul gradient"]);
  const [last] = b.finish([loss]).nodes.slice(-1);
  expect(last?.origin.gradientOf).toStrictEqual({ op: "tanh", role: "forward" });
});

test("a seed is a factor of every gradient", async () => {
  const b = createBuilder();
  const [x, seed] = [declare(b, "x", 2), declare(b, "seed")];
  const loss = total(b, b.mul(x, x));
  const gradient = gradients(b.finish([loss]), b, loss, [x], seed).get("x");
  const feeds = { x: floats([1, -3], [2]), seed: floats([8], []) };
  const [result] = await runGraph(b.finish(gradient ? [gradient] : []), feeds);
  expect(Array.from(result?.data as Float32Array)).toStrictEqual([16, -48]);
});
