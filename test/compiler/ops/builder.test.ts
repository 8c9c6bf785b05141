import { expect, test } from "vitest";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import type { State } from "../../../compiler/ir/graph.ts";

const parameter: Omit<State, "value"> = { kind: "parameter", initializer: { kind: "zeros" }, fanIn: 1 };
const scalarType = { dtype: "float32", shape: [] } as const;

test("nodes carry the origin that is in force; an inner one ends with its function, even by an error", () => {
  const b = createBuilder();
  const x = b.input("x", scalarType);
  b.from({ path: "outer", role: "loss" }, () => {
    expect(() =>
      b.from({ path: "inner", role: "gradient" }, () => {
        b.neg(x);
        throw new Error("stop");
      }),
    ).toThrow("stop");
    b.neg(x);
  });
  b.neg(x);
  expect(b.finish([]).nodes.map(({ origin, outputs }) => [origin.path, origin.role, outputs[0]?.name])).toStrictEqual([
    ["inner", "gradient", "gradient/inner/neg.0"],
    ["outer", "loss", "loss/outer/neg.0"],
    ["", "forward", "forward//neg.0"],
  ]);
});

test("equal constants are one; long integer lists are never mixed up", () => {
  const b = createBuilder();
  expect(b.scalar(0.5)).toBe(b.scalar(0.5));
  expect(b.int64s([1, 2])).toBe(b.int64s([1, 2]));
  const long = Array.from({ length: 9 }, (_, index) => index);
  expect(b.int64s(long).name).not.toBe(b.int64s(long.toReversed()).name);
  expect(b.finish([]).constants.map(({ value }) => [value.type.dtype, value.type.shape])).toStrictEqual([
    ["float32", []],
    ["int64", [2]],
    ["int64", [9]],
    ["int64", [9]],
  ]);
});

test("a builder continues a graph", () => {
  const first = createBuilder();
  const x = first.input("x", scalarType);
  const weight = first.state(parameter, "weight", scalarType);
  const y = first.mul(x, weight);
  const second = createBuilder(first.finish([y]));
  second.update(weight, second.add(y, second.scalar(1)));
  const graph = second.finish([y]);
  expect(graph.nodes.map(({ op }) => op)).toStrictEqual(["mul", "add"]);
  expect(graph.states[0]?.next?.name).toBe("forward//add.0");
});

test("nodes are numbered among their like, whatever was removed before them", () => {
  const first = createBuilder();
  const x = first.input("x", scalarType);
  const [, second] = [first.neg(x), first.neg(x)];
  const graph = first.finish([second]);
  const b = createBuilder({ ...graph, nodes: graph.nodes.slice(1) });
  expect([b.exp(second), b.neg(second), b.neg(second)].map(({ name }) => name)).toStrictEqual([
    "forward//exp.0",
    "forward//neg.2",
    "forward//neg.3",
  ]);
});

test("states have names of their own and exist before their update", () => {
  const b = createBuilder();
  const weight = b.state(parameter, "weight", scalarType);
  expect(() => b.state(parameter, "weight", scalarType)).toThrow(new Error("two states are called weight"));
  expect(() => b.update({ ...weight, name: "other" }, weight)).toThrow(new Error("no state other"));
  expect(b.findState("weight")).toBe(weight);
  expect(() => b.findState("other")).toThrow(new Error("no state other"));
});

test("an operator is applied by name, with optional operands left out", () => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: [2, 2] });
  const [y] = b.apply("gemm", [x, x, undefined], { transA: 0, transB: 1 });
  expect(y).toStrictEqual({ name: "forward//gemm.0", type: { dtype: "float32", shape: [2, 2] } });
});

test("the element type of a constant is that of its array", () => {
  const b = createBuilder();
  const arrays = [new Float32Array(1), new Uint16Array(1), new Int32Array(1), new BigInt64Array(1)];
  expect(arrays.map((data, index) => b.constant(`constant${index}`, [], data).type.dtype)).toStrictEqual([
    "float32",
    "float16",
    "int32",
    "int64",
  ]);
});
