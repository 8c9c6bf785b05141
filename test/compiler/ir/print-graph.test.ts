import { expect, test } from "vitest";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { printGraph } from "../../../compiler/ir/print-graph.ts";

test("a graph as text: declarations, then a node a line with its operands and attributes", () => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: ["batch", 3] });
  b.draw("level", { dtype: "float32", shape: ["batch"] }, { kind: "uniform", from: 0, to: 0.1 });
  const weight = b.state({ kind: "parameter", initializer: { kind: "ones" }, fanIn: 3 }, "weight", {
    dtype: "float32",
    shape: [2, 3],
  });
  const y = b.from({ path: "head", role: "forward" }, () => b.gemm(x, weight, undefined, { transA: 0, transB: 1 }));
  const [left] = b.split(y, { axis: 1, split: [1, 1] });
  b.update(weight, b.mul(weight, b.scalar(0.5)));
  expect(printGraph(b.finish(left ? [left] : []))).toBe(
    `input x: float32[batch, 3]
input level: float32[batch] ~ uniform(from=0, to=0.1)
state weight: float32[2, 3] <- forward//mul.0
constant constant/0.5: float32[]
forward/head/gemm.0: float32[batch, 2] = gemm(x, weight, -, transA=0, transB=1)
forward//split.0:0: float32[batch, 1], forward//split.0:1: float32[batch, 1] = split(forward/head/gemm.0, axis=1, split=[1,1])
forward//mul.0: float32[2, 3] = mul(weight, constant/0.5)
output forward//split.0:0
`,
  );
});
