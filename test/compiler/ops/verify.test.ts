import { describe, expect, test } from "vitest";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import type { Graph, Node, State, Value } from "../../../compiler/ir/graph.ts";
import { verify } from "../../../compiler/ops/verify.ts";

const value = (
  name: string,
  shape: Value["type"]["shape"] = [2],
  dtype: Value["type"]["dtype"] = "float32",
): Value => ({
  name,
  type: { dtype, shape },
});
const node = (op: string, inputs: readonly Value[], ...outputs: readonly Value[]): Node => ({
  op,
  inputs,
  outputs,
  attributes: {},
  origin: { path: "", role: "forward" },
});
const graph = (parts: Partial<Graph>): Graph => ({
  inputs: [],
  constants: [],
  states: [],
  nodes: [],
  outputs: [],
  ...parts,
});
const state = (next: Value): State => ({
  value: value("weight"),
  kind: "parameter",
  initializer: { kind: "zeros" },
  fanIn: 1,
  next,
});

const x = value("x");
const y = value("y");

describe("what a pass may have broken", () => {
  const cases: readonly (readonly [string, Graph, string])[] = [
    ["a name twice", graph({ inputs: [x, x] }), "x is defined twice"],
    ["a result named as an input", graph({ inputs: [x], nodes: [node("neg", [x], x)] }), "x is defined twice"],
    [
      "use before definition",
      graph({ nodes: [node("neg", [x], y)] }),
      "y reads x as float32[2], which nothing before it defines",
    ],
    [
      "nodes out of order",
      graph({ inputs: [x], nodes: [node("neg", [y], value("z")), node("neg", [x], y)] }),
      "z reads y as float32[2], which nothing before it defines",
    ],
    [
      "another type than defined",
      graph({ inputs: [x], nodes: [node("neg", [value("x", [3])], value("y", [3]))] }),
      "y reads x as float32[3], which nothing before it defines",
    ],
    [
      "another type than inferred",
      graph({ inputs: [x], nodes: [node("neg", [x], value("y", [2], "int64"))] }),
      "y has other types than its operator infers: float32[2]",
    ],
    [
      "more results than inferred",
      graph({ inputs: [x], nodes: [node("neg", [x], y, value("z"))] }),
      "y has other types than its operator infers: float32[2]",
    ],
    ["an unknown operator", graph({ inputs: [x], nodes: [node("mish", [x], y)] }), "no operator mish"],
    [
      "an output from nowhere",
      graph({ outputs: [y] }),
      "the graph's output reads y as float32[2], which nothing before it defines",
    ],
    [
      "an update from nowhere",
      graph({ states: [state(y)] }),
      "the update of weight reads y as float32[2], which nothing before it defines",
    ],
    [
      "an update of another shape",
      graph({ inputs: [value("x", [3])], states: [state(value("x", [3]))] }),
      "the update of weight has type float32[3]",
    ],
  ];
  test.each(cases)("%s", (_, broken, message) => {
    expect(() => verify(broken)).toThrow(new Error(message));
  });
});

test("a sound graph is returned", () => {
  const b = createBuilder();
  const input = b.input("x", { dtype: "float32", shape: ["batch", 2] });
  const sound = b.finish([b.softmax(b.add(input, b.scalar(1)), { axis: -1 })]);
  expect(verify(sound)).toBe(sound);
});
