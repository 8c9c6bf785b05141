import { expect, test } from "vitest";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { gradients } from "../../../compiler/passes/gradients.ts";
import { Tensor } from "../../onnxruntime.ts";
import { runGraph } from "../run-graph.ts";

test("several greatest values share the gradient, as PyTorch's amax has it", async () => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: [2, 3] });
  const greatest = b.reduceMax(x, { axes: [1], keepdims: 0 });
  const loss = b.reduceSum(b.mul(greatest, b.constant("dy", [2], Float32Array.of(1, -4))), { axes: [0], keepdims: 0 });
  const dx = gradients(b.finish([]), b, loss, [x]).get("x");
  const graph = b.finish(dx ? [greatest, dx] : []);
  const results = await runGraph(graph, { x: new Tensor("float32", Float32Array.of(3, 1, 3, -2, -2, -5), [2, 3]) });
  expect(results.map(({ data }) => Array.from(data as Float32Array))).toStrictEqual([
    [3, -2],
    [0.5, 0, 0.5, -2, -2, -0],
  ]);
});
