import { expect, test } from "vitest";
import { product } from "../../../compiler/artifact/dim.ts";
import type { Graph, Value } from "../../../compiler/ir/graph.ts";
import { isStatic } from "../../../compiler/ir/shape.ts";
import { type Builder, createBuilder } from "../../../compiler/ops/builder.ts";
import { verify } from "../../../compiler/ops/verify.ts";
import { foldScales } from "../../../compiler/passes/fold-scales.ts";
import { Tensor } from "../../onnxruntime.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { runGraph } from "../run-graph.ts";

const [clips, tokens, width] = [2, 3, 4];

interface Parts {
  readonly b: Builder;
  /** [batch, tokens, width] */
  readonly x: Value;
  /** A state of this shape. */
  readonly state: (name: string, ...shape: readonly number[]) => Value;
  /** [batch, tokens, width] to the same, as layers do it. */
  readonly linear: (x: Value, name?: string) => Value;
}

const build = (write: (parts: Parts) => readonly Value[]): Graph => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: ["batch", tokens, width] });
  const state: Parts["state"] = (name, ...shape) =>
    b.state({ kind: "parameter", initializer: { kind: "zeros" }, fanIn: 1 }, name, { dtype: "float32", shape });
  const linear: Parts["linear"] = (from, name = "linear") => {
    const rows = b.reshape(from, { shape: [product(["batch", tokens]), width] });
    const mapped = b.gemm(rows, state(`${name}.weight`, width, width), state(`${name}.bias`, width), {
      transA: 0,
      transB: 1,
    });
    return b.reshape(mapped, { shape: from.type.shape });
  };
  return b.finish(write({ b, x, state, linear }));
};

/** Passes over tokens that are neither products nor reshapes. */
const passesOver = ({ nodes }: Graph): readonly string[] =>
  nodes.flatMap(({ op, outputs }) =>
    /gemm|reshape/.test(op) || outputs.every(({ type }) => isStatic(type.shape)) ? [] : [op],
  );

const run = async (graph: Graph): Promise<readonly number[]> => {
  const x = new Tensor("float32", generateTensor("fold/x", clips * tokens * width, 1), [clips, tokens, width]);
  const shapes = new Map(graph.states.map(({ value: { name, type } }) => [name, type.shape.map(Number)]));
  const values = (name: string): Float32Array =>
    generateTensor(
      `fold/${name}`,
      (shapes.get(name) ?? []).reduce((count, length) => count * length, 1),
      1,
    );
  const results = await runGraph(graph, { x }, values);
  return results.flatMap(({ data }) => Array.from(data as Float32Array));
};

const scaled = ({ b, state }: Parts, x: Value): Value => b.add(b.mul(x, state("scale", width)), state("shift", width));

test.each<[string, (parts: Parts) => readonly Value[], readonly string[]]>([
  ["after a linear map", (parts) => [scaled(parts, parts.linear(parts.x))], []],
  ["before a linear map", (parts) => [parts.linear(scaled(parts, parts.x))], []],
  ["between two", (parts) => [parts.linear(scaled(parts, parts.linear(parts.x)), "second")], []],
  ["a scale alone, on the left", ({ b, x, state, linear }) => [b.mul(state("scale", width), linear(x))], []],
  ["a shift alone, before", ({ b, x, state, linear }) => [linear(b.add(state("shift", width), x))], []],
  [
    "twice over",
    ({ b, x, state, linear }) => [
      b.mul(b.add(b.mul(linear(x), state("a", width)), state("b", width)), state("c", width)),
    ],
    [],
  ],
  [
    "of which something else is read, too: it stays",
    (parts) => {
      const between = parts.linear(parts.x);
      return [scaled(parts, between), parts.b.relu(between)];
    },
    ["mul", "add", "relu"],
  ],
  [
    "that is itself an output: what follows it stays apart",
    (parts) => {
      const y = scaled(parts, parts.x);
      return [y, parts.linear(y)];
    },
    ["mul", "add"],
  ],
  [
    "of places and not of channels",
    ({ b, x, state, linear }) => [b.mul(linear(x), state("places", tokens, 1)), linear(b.exp(x), "second")],
    ["mul", "exp"],
  ],
  [
    "after a reshape that moves channels",
    ({ b, x, state, linear }) => {
      const halves = b.reshape(linear(x), { shape: ["batch", 2 * tokens, width / 2] });
      return [b.mul(halves, state("half", width / 2))];
    },
    ["mul"],
  ],
])("a scale and a shift %s", async (_, write, left) => {
  const graph = verify(build(write));
  const folded = verify(foldScales(graph));
  expect(passesOver(folded)).toStrictEqual(left);
  const [expected, found] = [await run(graph), await run(folded)];
  expect(found).toHaveLength(expected.length);
  found.forEach((value, index) => expect(value).toBeCloseTo(expected[index] ?? NaN, 5));
  expect(foldScales(folded)).toBe(folded);
});

test("training is left as it is: its gradients read what stands between", () => {
  const graph = build((parts) => [
    parts.b.from({ path: "p", role: "training" }, () => scaled(parts, parts.linear(parts.x))),
  ]);
  expect(foldScales(graph)).toBe(graph);
});
