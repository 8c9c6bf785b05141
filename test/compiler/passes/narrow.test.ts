import { expect, test } from "vitest";
import { printDim, product } from "../../../compiler/artifact/dim.ts";
import type { Graph, Value } from "../../../compiler/ir/graph.ts";
import { printGraph } from "../../../compiler/ir/print-graph.ts";
import { type Builder, createBuilder } from "../../../compiler/ops/builder.ts";
import { verify } from "../../../compiler/ops/verify.ts";
import { narrow } from "../../../compiler/passes/narrow.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { Tensor } from "../../onnxruntime.ts";
import { runGraph } from "../run-graph.ts";

const [clips, tokens, width] = [3, 7, 4];

interface Parts {
  readonly b: Builder;
  /** [batch, tokens, width] */
  readonly x: Value;
  readonly state: (name: string, ...shape: readonly number[]) => Value;
  /** The first tokens, or others. */
  readonly take: (x: Value, count?: number, first?: number) => Value;
}

const build = (write: (parts: Parts) => readonly Value[]): Graph => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: ["batch", tokens, width] });
  const state: Parts["state"] = (name, ...shape) =>
    b.state({ kind: "parameter", initializer: { kind: "zeros" }, fanIn: 1 }, name, { dtype: "float32", shape });
  const take: Parts["take"] = (from, count = 2, first = 0) =>
    b.slice(from, { starts: [first], ends: [first + count], axes: [1] });
  return b.finish(write({ b, x, state, take }));
};

const linear = ({ b, state }: Parts, x: Value): Value => {
  const rows = b.reshape(x, { shape: [product(["batch", tokens]), width] });
  const mapped = b.gemm(rows, state("weight", 3, width), state("bias", 3), { transA: 0, transB: 1 });
  return b.reshape(mapped, { shape: ["batch", tokens, 3] });
};

/** Of two heads. */
const attention = ({ b }: Parts, x: Value): Value => {
  const heads = b.transpose(b.reshape(x, { shape: ["batch", tokens, 2, width / 2] }), { perm: [0, 2, 1, 3] });
  const asked = b.pad(heads, b.scalar(1), { pads: [0, 0, 0, 0, 0, 0, 0, 1] });
  const heard = b.pad(b.relu(heads), b.scalar(2), { pads: [0, 0, 0, 0, 0, 0, 0, 1] });
  const scores = b.matMul(b.mul(asked, b.scalar(0.7)), b.transpose(heard, { perm: [0, 1, 3, 2] }));
  const mixed = b.matMul(b.softmax(scores, { axis: -1 }), heads);
  return b.reshape(b.transpose(mixed, { perm: [0, 2, 1, 3] }), { shape: ["batch", tokens, width] });
};

const run = async (graph: Graph): Promise<readonly number[]> => {
  const x = new Tensor("float32", generateTensor("narrow/x", clips * tokens * width, 1), [clips, tokens, width]);
  const values = (name: string): Float32Array => {
    const shape = graph.states.find(({ value }) => value.name === name)?.value.type.shape ?? [];
    return generateTensor(`narrow/${name}`, Number(product(shape)), 1);
  };
  const results = await runGraph(graph, { x }, values);
  return results.flatMap(({ data }) => Array.from(data as Float32Array));
};

/** What computes, and of how many tokens. */
const computed = ({ nodes }: Graph): readonly string[] =>
  nodes.flatMap(({ op, outputs: [y] }) => (op === "slice" || !y ? [] : [`${op} ${printDim(y.type.shape[1] ?? 0)}`]));

test("what is computed token by token is computed of those that are read; values keep their names", () => {
  const before = build((parts) => [parts.take(parts.b.gelu(linear(parts, parts.x)))]);
  const after = verify(narrow(before));
  const text = (graph: Graph): readonly string[] => printGraph(graph).split("\n").slice(3, -1);
  expect(text(before)).toStrictEqual([
    'forward//reshape.0: float32[7*batch, 4] = reshape(x, shape=["7*batch",4])',
    "forward//gemm.0: float32[7*batch, 3] = gemm(forward//reshape.0, weight, bias, transA=0, transB=1)",
    'forward//reshape.1: float32[batch, 7, 3] = reshape(forward//gemm.0, shape=["batch",7,3])',
    "forward//gelu.0: float32[batch, 7, 3] = gelu(forward//reshape.1)",
    "forward//slice.0: float32[batch, 2, 3] = slice(forward//gelu.0, starts=[0], ends=[2], axes=[1])",
    "output forward//slice.0",
  ]);
  expect(text(after)).toStrictEqual([
    "forward//slice.0: float32[batch, 2, 4] = slice(x, starts=[0], ends=[2], axes=[1])",
    'forward//reshape.0: float32[2*batch, 4] = reshape(forward//slice.0, shape=["2*batch",4])',
    "forward//gemm.0: float32[2*batch, 3] = gemm(forward//reshape.0, weight, bias, transA=0, transB=1)",
    'forward//reshape.1: float32[batch, 2, 3] = reshape(forward//gemm.0, shape=["batch",2,3])',
    "forward//gelu.0: float32[batch, 2, 3] = gelu(forward//reshape.1)",
    "output forward//gelu.0",
  ]);
});

test.each<[string, (parts: Parts) => readonly Value[], string]>([
  ["a residual", ({ b, x, take }) => [take(b.add(b.neg(x), b.exp(b.neg(x))))], "neg 2, neg 2, exp 2, add 2"],
  [
    "one number a token and one a channel",
    ({ b, x, state, take }) => [
      take(b.mul(b.add(x, state("position", 1, tokens, width)), state("scale", width)), 1, 3),
    ],
    "add 1, mul 1",
  ],
  [
    "a normalisation over channels",
    ({ b, x, state, take }) => [
      take(b.layerNormalization(x, state("weight", width), state("bias", width), { axis: -1, epsilon: 1e-6 }).y),
    ],
    "layerNormalization 2",
  ],
  [
    "attention: what is asked, not what is heard",
    (parts) => [parts.take(parts.b.neg(attention(parts, parts.x)))],
    "reshape 7, transpose 2, pad 2, relu 2, pad 2, mul 2, transpose 2, matMul 2, softmax 2, matMul 2, transpose 2, reshape 2, neg 2",
  ],
  ["two that take the same", ({ b, x, take }) => ((y) => [take(y), b.abs(take(y))])(b.exp(x)), "exp 2, abs 2"],
  ["two that take others: all", ({ b, x, take }) => ((y) => [take(y), take(y, 2, 1)])(b.exp(x)), "exp 7"],
  ["more than half: all", ({ b, x, take }) => [take(b.exp(x), 4)], "exp 7"],
  ["what is read as a whole, too: all", ({ b, x, take }) => ((y) => [take(y), b.abs(y)])(b.exp(x)), "exp 7, abs 7"],
  ["what is an output itself: all", ({ b, x, take }) => ((y) => [take(y), y])(b.exp(x)), "exp 7"],
  ["a softmax over the tokens: all", ({ b, x, take }) => [take(b.softmax(x, { axis: 1 }))], "softmax 7"],
  [
    "tokens that are added: all",
    ({ b, x, take }) => [take(b.pad(b.exp(x), b.scalar(0), { pads: [0, 1, 0, 0, 0, 0] }))],
    "exp 7, pad 8",
  ],
])("%s", async (_, write, nodes) => {
  const before = build(write);
  const after = verify(narrow(before));
  expect(computed(after).join(", ")).toBe(nodes);
  const [expected, found] = [await run(before), await run(after)];
  expect(found).toHaveLength(expected.length);
  found.forEach((value, index) => expect(value).toBeCloseTo(expected[index] ?? Number.NaN, 6));
});
