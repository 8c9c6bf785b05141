/** What the gradient of attention is rewritten to. */
import { expect, test } from "vitest";
import type { Graph, Value } from "../../../compiler/ir/graph.ts";
import { printGraph } from "../../../compiler/ir/print-graph.ts";
import { type Builder, createBuilder } from "../../../compiler/ops/builder.ts";
import { verify } from "../../../compiler/ops/verify.ts";
import { gradients } from "../../../compiler/passes/gradients.ts";
import { removeDeadCode } from "../../../compiler/passes/remove-dead-code.ts";
import { softmaxRowSums } from "../../../compiler/passes/softmax-row-sums.ts";
import { subtractInProducts } from "../../../compiler/passes/subtract-in-products.ts";
import { Tensor } from "../../onnxruntime.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { runGraph } from "../run-graph.ts";

const [clips, heads, tokens, depth] = [2, 3, 5, 4];
const parameter = { kind: "parameter", initializer: { kind: "zeros" }, fanIn: 1 } as const;

/** Values by softmax, weighted by `after` what comes of them; gradients with respect to scores and values. */
const build = (after: (b: Builder, output: Value) => Value): Graph => {
  const b = createBuilder();
  const scores = b.state(parameter, "scores", { dtype: "float32", shape: [clips, heads, tokens, tokens] });
  const values = b.state(parameter, "values", { dtype: "float32", shape: [clips, heads, tokens, depth] });
  const result = after(b, b.matMul(b.softmax(scores, { axis: -1 }), values));
  const weighted = b.mul(result, b.input("weights", result.type));
  const loss = b.reduceSum(weighted, { axes: [0, 1, 2, 3], keepdims: 0 });
  const found = gradients(b.finish([loss]), b, loss, [scores, values]);
  return b.finish([...found.values()]);
};

const rewrite = (graph: Graph): Graph => {
  const passes = [softmaxRowSums, removeDeadCode, subtractInProducts, removeDeadCode];
  return passes.reduce((current, pass) => verify(pass(current)), graph);
};

const joined = (b: Builder, output: Value): Value => b.transpose(output, { perm: [0, 2, 1, 3] });

const run = async (graph: Graph): Promise<readonly (readonly number[])[]> => {
  const shape = graph.inputs.find(({ name }) => name === "weights")?.type.shape.map(Number) ?? [];
  const weights = new Tensor("float32", generateTensor("weights", clips * heads * tokens * depth, 1), shape);
  const sizes = { scores: clips * heads * tokens * tokens, values: clips * heads * tokens * depth };
  const results = await runGraph(graph, { weights }, (name) => generateTensor(name, sizes[name as "scores"], 2));
  return results.map(({ data }) => Array.from(data as Float32Array));
};

test.each([
  ["as they are", (_: Builder, output: Value) => output],
  ["with the heads side by side, which is what is kept", joined],
])("no sum goes over the probabilities, and the gradients are the same: %s", async (_, after) => {
  const graph = build(after);
  const rewritten = rewrite(graph);
  const wide = (op: string, { nodes }: Graph): number =>
    nodes.filter((node) => node.op === op && node.inputs[0]?.type.shape.at(-1) === tokens).length;
  expect([wide("reduceSum", graph), wide("reduceSum", rewritten), wide("sub", rewritten)]).toStrictEqual([1, 0, 0]);
  const [before, now] = [await run(graph), await run(rewritten)];
  now.forEach((values, result) =>
    values.forEach((value, index) => expect(value).toBeCloseTo(before[result]?.[index] ?? NaN, 6)),
  );
});

test("the text of it", () => {
  const text = printGraph(rewrite(build(joined)));
  const lines = text.split("\n").filter((line) => line.startsWith("gradient/") && !/reshape|expand|shape/.test(line));
  expect(lines.map((line) => line.replaceAll("gradient//", "").replaceAll("forward//", "f/"))).toStrictEqual([
    "transpose.0: float32[2, 3, 5, 4] = transpose(mul.0, perm=[0,2,1,3])",
    "transpose.2: float32[2, 3, 5, 5] = transpose(f/softmax.0, perm=[0,1,3,2])",
    "matMul.1: float32[2, 3, 5, 4] = matMul(transpose.2, transpose.0)",
    "mul.3: float32[2, 5, 3, 4] = mul(mul.0, f/transpose.0)",
    "reduceSum.1: float32[2, 5, 3, 1] = reduceSum(mul.3, axes=[-1], keepdims=1)",
    "transpose.3: float32[2, 3, 5, 1] = transpose(reduceSum.1, perm=[0,2,1,3])",
    "pad.0: float32[2, 3, 5, 5] = pad(values, constant/-1, pads=[0,0,0,0,0,0,0,1])",
    "concat.0: float32[2, 3, 5, 5] = concat(transpose.0, transpose.3, axis=3)",
    "transpose.4: float32[2, 3, 5, 5] = transpose(pad.0, perm=[0,1,3,2])",
    "matMul.2: float32[2, 3, 5, 5] = matMul(concat.0, transpose.4)",
    "mul.2: float32[2, 3, 5, 5] = mul(f/softmax.0, matMul.2)",
  ]);
});

test("a product that something else reads, and rows of another number, stay", () => {
  const b = createBuilder();
  const type = { dtype: "float32", shape: [tokens, depth] } as const;
  const [x, y] = [b.input("x", type), b.input("y", type)];
  const product = b.matMul(x, b.transpose(y, { perm: [1, 0] }));
  const row = b.input("row", { dtype: "float32", shape: [tokens, 1] });
  const column = b.input("column", { dtype: "float32", shape: [1, tokens] });
  const other = b.matMul(y, b.transpose(x, { perm: [1, 0] }));
  const graph = b.finish([b.mul(b.sub(product, row), product), b.sub(other, column)]);
  expect(subtractInProducts(graph)).toStrictEqual(graph);
});
