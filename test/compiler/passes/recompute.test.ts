import { expect, test } from "vitest";
import type { Graph } from "../../../compiler/ir/graph.ts";
import { printGraph } from "../../../compiler/ir/print-graph.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { verify } from "../../../compiler/ops/verify.ts";
import { gradients } from "../../../compiler/passes/gradients.ts";
import { recompute, splitPasses } from "../../../compiler/passes/recompute.ts";

/** The mean of gelu(x w)^2, and the gradient of w. */
const stage = (): Graph => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: ["batch", 4] });
  const w = b.state({ kind: "parameter", initializer: { kind: "zeros" }, fanIn: 4 }, "w", {
    dtype: "float32",
    shape: [4, 3],
  });
  const loss = b.from({ path: "layer", role: "forward" }, () => {
    const wide = b.reshape(b.gelu(b.gemm(x, w, undefined, { transA: 0, transB: 0 })), { shape: ["batch", 3, 1] });
    return b.reduceSum(b.mul(wide, wide), { axes: [0, 1, 2], keepdims: 0 });
  });
  const graph = b.finish([loss]);
  const found = gradients(graph, b, loss, [w]).get("w");
  if (!found) throw new Error("w has a gradient");
  b.update(w, found);
  return b.finish([loss]);
};

const lines = (graph: Graph): readonly string[] =>
  printGraph(graph)
    .split("\n")
    .filter((line) => line.includes(" = "))
    .map((line) => line.replaceAll(/: float32\[[^\]]*\]/g, ""));

test("what is kept are the values that the backward pass reads, by the names of those whose bytes they are", () => {
  expect(splitPasses(stage()).kept.map(({ name }) => name)).toStrictEqual([
    "forward/layer/gemm.0",
    "forward/layer/gelu.0",
    "forward/layer/mul.0", // for its shape
  ]);
});

test("a value that is dropped is computed anew from what is kept, and with it its views", () => {
  const before = lines(stage());
  const after = lines(verify(recompute(stage(), new Set(["forward/layer/gelu.0"]))));
  const renamed = before
    .slice(5)
    .map((line) => line.replaceAll("forward/layer/reshape.0", "recomputed/layer/reshape.0"));
  expect(after).toStrictEqual([
    ...before.slice(0, 5),
    "recomputed/layer/gelu.0 = gelu(forward/layer/gemm.0)",
    'recomputed/layer/reshape.0 = reshape(recomputed/layer/gelu.0, shape=["batch",3,1])',
    ...renamed,
  ]);
  expect(renamed).not.toStrictEqual(before.slice(5));
});

test("a value that is dropped with what it is made of goes back to what is left, each node once", () => {
  const dropped = new Set(["forward/layer/gelu.0", "forward/layer/gemm.0"]);
  const after = lines(verify(recompute(stage(), dropped)));
  expect(after.filter((line) => line.startsWith("recomputed/"))).toStrictEqual([
    "recomputed/layer/gemm.0 = gemm(x, w, -, transA=0, transB=0)",
    "recomputed/layer/gelu.0 = gelu(recomputed/layer/gemm.0)",
    'recomputed/layer/reshape.0 = reshape(recomputed/layer/gelu.0, shape=["batch",3,1])',
  ]);
  expect(after.slice(5 + 3).join("\n")).not.toContain("forward/layer/gemm.0");
});

test("of a node with several results, those that are kept are read where they are", () => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: ["batch", 4] });
  const parameter = { kind: "parameter", initializer: { kind: "ones" }, fanIn: 1 } as const;
  const scale = b.state(parameter, "scale", { dtype: "float32", shape: [4] });
  const bias = b.state(parameter, "bias", { dtype: "float32", shape: [4] });
  const loss = b.from({ path: "layer", role: "forward" }, () => {
    const { y } = b.layerNormalization(b.mul(x, scale), scale, bias, { axis: -1, epsilon: 1e-6 });
    return b.reduceSum(b.mul(y, y), { axes: [0, 1], keepdims: 0 });
  });
  const found = gradients(b.finish([loss]), b, loss, [scale]).get("scale");
  if (!found) throw new Error("scale has a gradient");
  b.update(scale, found);
  const graph = b.finish([loss]);
  const after = lines(verify(recompute(graph, new Set(["forward/layer/layerNormalization.0:0"]))));
  const text = after.slice(graph.nodes.length - splitPasses(graph).backward.length).join("\n");
  expect(text).toContain("forward/layer/layerNormalization.0:1");
  expect(text).not.toContain("forward/layer/layerNormalization.0:0");
  expect(text).not.toMatch(/\(.*recomputed\/layer\/layerNormalization\.0:[12]/);
});
