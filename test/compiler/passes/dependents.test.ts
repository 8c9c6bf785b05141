import { expect, test } from "vitest";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { dependents } from "../../../compiler/passes/dependents.ts";

test("what is computed from a value, in any number of steps, and the value itself", () => {
  const b = createBuilder();
  const [x, other] = [
    b.input("x", { dtype: "float32", shape: [2] }),
    b.input("other", { dtype: "float32", shape: [2] }),
  ];
  const [first, second] = b.split(b.add(other, x), { axis: 0, split: [1, 1] });
  const beside = b.neg(other);
  const { nodes } = b.finish([]);
  expect([...dependents(nodes, [x])]).toStrictEqual(["x", "forward//add.0", first?.name, second?.name]);
  expect(dependents(nodes, [other]).has(beside.name)).toBe(true);
});
