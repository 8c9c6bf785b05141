import { expect, test } from "vitest";
import { type Dim, product } from "../../../compiler/artifact/dim.ts";
import type { Graph } from "../../../compiler/ir/graph.ts";
import { printGraph } from "../../../compiler/ir/print-graph.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { verify } from "../../../compiler/ops/verify.ts";
import { sumsAsProducts } from "../../../compiler/passes/sums-as-products.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { Tensor } from "../../onnxruntime.ts";
import { runGraph } from "../run-graph.ts";

const sumOf = (shape: readonly Dim[], axes: readonly number[], keepdims = 0) => {
  const b = createBuilder();
  return b.finish([b.reduceSum(b.input("x", { dtype: "float32", shape }), { axes, keepdims })]);
};

test("sums over all rows, of which those of one number share their ones", () => {
  const b = createBuilder();
  const tokens = b.input("tokens", { dtype: "float32", shape: ["batch", 5, 4] });
  const matrix = b.reshape(tokens, { shape: [product([5, "batch"]), 4] });
  const sums = [
    b.reduceSum(tokens, { axes: [0, 1], keepdims: 0 }),
    b.reduceSum(b.reshape(matrix, { shape: [product([10, "batch"]), 2] }), { axes: [0], keepdims: 1 }),
    b.reduceSum(matrix, { axes: [0], keepdims: 0 }),
  ];
  const lines = printGraph(verify(sumsAsProducts(b.finish(sums)))).split("\n");
  const nodes = lines.filter((line) => line.startsWith("forward/")).map((line) => line.replaceAll("forward//", ""));
  expect(nodes).toStrictEqual([
    'reshape.0: float32[5*batch, 4] = reshape(tokens, shape=["5*batch",4])',
    'reshape.2: float32[5*batch, 4] = reshape(tokens, shape=["5*batch",4])',
    "slice.0: float32[5*batch, 1] = slice(reshape.2, starts=[0], ends=[1], axes=[1])",
    "shape.0: int64[2] = shape(slice.0)",
    'expand.0: float32[5*batch, 1] = expand(constant/1, shape.0, to=["5*batch",1])',
    'reshape.3: float32[1, 5*batch] = reshape(expand.0, shape=[1,"5*batch"])',
    "matMul.0: float32[1, 4] = matMul(reshape.3, reshape.2)",
    "reduceSum.3: float32[4] = reduceSum(matMul.0, axes=[0], keepdims=0)",
    'reshape.1: float32[10*batch, 2] = reshape(reshape.0, shape=["10*batch",2])',
    "slice.1: float32[10*batch, 1] = slice(reshape.1, starts=[0], ends=[1], axes=[1])",
    "shape.1: int64[2] = shape(slice.1)",
    'expand.1: float32[10*batch, 1] = expand(constant/1, shape.1, to=["10*batch",1])',
    'reshape.4: float32[1, 10*batch] = reshape(expand.1, shape=[1,"10*batch"])',
    "matMul.1: float32[1, 2] = matMul(reshape.4, reshape.1)",
    "reshape.5: float32[1, 2] = reshape(matMul.1, shape=[1,2])",
    "matMul.2: float32[1, 4] = matMul(reshape.3, reshape.0)",
    "reduceSum.4: float32[4] = reduceSum(matMul.2, axes=[0], keepdims=0)",
  ]);
});

test.each([
  [[2, 5, 4], [0, 1], 0],
  [[2, 5, 4], [0, 1], 1],
  [[7, 3], [0], 0],
  [[2, 3, 5, 4], [0, 1, 2], 0],
] as const)("the sums of %j over %j are the same", async (shape, axes, keepdims) => {
  const graph = sumOf(shape, axes, keepdims);
  const rewritten = verify(sumsAsProducts(graph));
  expect(rewritten.nodes.some(({ op }) => op === "matMul")).toBe(true);
  const count = shape.reduce((product: number, dim) => product * dim, 1);
  const x = new Tensor("float32", generateTensor("x", count, 1), shape);
  const sumBy = async (each: Graph): Promise<readonly [dims: readonly number[], values: readonly number[]]> => {
    const [sum] = await runGraph(each, { x });
    return [sum?.dims ?? [], Array.from((sum?.data ?? []) as Float32Array)];
  };
  const [[dims, before], [now, values]] = [await sumBy(graph), await sumBy(rewritten)];
  expect(now).toStrictEqual(dims);
  expect(values).toHaveLength(before.length);
  values.forEach((value, index) => expect(value).toBeCloseTo(before[index] ?? NaN, 5));
});

test.each([
  [["batch", 5, 4], [0]],
  [["batch", 5, 4], [1]],
  [["batch", 5, 4], [2]],
  [
    ["batch", 5],
    [0, 1],
  ],
  [[9], [0]],
] as const)("a sum of %j over %j stays", (shape, axes) => {
  const graph = sumOf(shape, axes);
  expect(sumsAsProducts(graph)).toStrictEqual(graph);
});
