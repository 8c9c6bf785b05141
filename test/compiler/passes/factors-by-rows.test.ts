import { expect, test } from "vitest";
import { printGraph } from "../../../compiler/ir/print-graph.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { verify } from "../../../compiler/ops/verify.ts";
import { factorsByRows } from "../../../compiler/passes/factors-by-rows.ts";

test("a first factor that is read across its rows is turned, no other", () => {
  const b = createBuilder();
  const [x, y] = ["x", "y"].map((name) => b.input(name, { dtype: "float32", shape: ["batch", 3] }));
  if (!x || !y) throw new Error("two inputs");
  const bias = b.input("bias", { dtype: "float32", shape: [3] });
  const graph = b.finish([
    b.gemm(x, y, bias, { transA: 1, transB: 0 }),
    b.gemm(b.transpose(x, { perm: [1, 0] }), y, undefined, { transA: 0, transB: 0 }),
    b.gemm(x, y, undefined, { transA: 0, transB: 1 }),
  ]);
  const lines = printGraph(verify(factorsByRows(graph))).split("\n");
  const nodes = lines.filter((line) => line.startsWith("forward/")).map((line) => line.replaceAll("forward//", ""));
  expect(nodes).toStrictEqual([
    "transpose.1: float32[3, batch] = transpose(x, perm=[1,0])",
    "gemm.3: float32[3, 3] = gemm(transpose.1, y, bias, transA=0, transB=0)",
    "transpose.0: float32[3, batch] = transpose(x, perm=[1,0])",
    "gemm.1: float32[3, 3] = gemm(transpose.0, y, -, transA=0, transB=0)",
    "gemm.2: float32[batch, batch] = gemm(x, y, -, transA=0, transB=1)",
  ]);
});
