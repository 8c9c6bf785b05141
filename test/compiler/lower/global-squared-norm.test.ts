import { Tensor } from "../../onnxruntime.ts";
import { expect, test } from "vitest";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { globalSquaredNorm } from "../../../compiler/lower/global-squared-norm.ts";
import { runGraph } from "../run-graph.ts";

test("the squares of all elements of tensors of any rank", async () => {
  const b = createBuilder();
  const values = [[2, 2], [3], []].map((shape, index) => b.input(`x${index}`, { dtype: "float32", shape }));
  const [result] = await runGraph(b.finish([globalSquaredNorm(b, values)]), {
    x0: new Tensor("float32", Float32Array.of(1, -2, 3, 0), [2, 2]),
    x1: new Tensor("float32", Float32Array.of(1, 1, -1), [3]),
    x2: new Tensor("float32", Float32Array.of(5), []),
  });
  expect(result?.dims).toStrictEqual([]);
  expect(result?.data[0]).toBe(14 + 3 + 25);
});
