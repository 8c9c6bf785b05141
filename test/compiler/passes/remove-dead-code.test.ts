import { expect, test } from "vitest";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { removeDeadCode } from "../../../compiler/passes/remove-dead-code.ts";

const build = () => {
  const b = createBuilder();
  const parameter = { kind: "parameter", initializer: { kind: "zeros" }, fanIn: 1 } as const;
  const x = b.input("x", { dtype: "float32", shape: [2] });
  const weight = b.state(parameter, "weight", { dtype: "float32", shape: [2] });
  const used = b.mul(x, b.scalar(2));
  b.exp(b.add(used, b.scalar(3)));
  b.update(weight, b.sub(weight, b.scalar(4)));
  const [first] = b.split(used, { axis: 0, split: [1, 1] });
  const output = first ?? used;
  return { graph: b.finish([output, b.scalar(5)]), output };
};

test("only what leads to an output or an update stays", () => {
  const { graph } = build();
  const { nodes, constants, states, inputs } = removeDeadCode(graph);
  expect(nodes.map(({ op }) => op)).toStrictEqual(["mul", "sub", "split"]);
  expect(constants.map(({ value }) => value.name)).toStrictEqual(["constant/2", "constant/4", "constant/5"]);
  expect(states).toBe(graph.states);
  expect(inputs).toBe(graph.inputs);
});
