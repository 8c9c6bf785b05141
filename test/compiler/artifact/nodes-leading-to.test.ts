import { expect, test } from "vitest";
import { nodesLeadingTo } from "../../../compiler/artifact/nodes-leading-to.ts";

test("the nodes that lead to a value, in order", () => {
  const nodes = [
    { inputs: ["x"], outputs: ["a"] },
    { inputs: ["x"], outputs: ["b"] },
    { inputs: ["a", "c"], outputs: ["d", "e"] },
    { inputs: ["d", "b"], outputs: ["f"] },
  ];
  const leading = (...values: readonly string[]) => nodesLeadingTo(nodes, (node) => node, values);
  expect(leading("e")).toStrictEqual([nodes[0], nodes[2]]);
  expect(leading("f")).toStrictEqual(nodes);
  expect(leading("b", "x")).toStrictEqual([nodes[1]]);
  expect(leading("x", "nowhere")).toStrictEqual([]);
});
