import { expect, test } from "vitest";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { printGraph } from "../../../compiler/ir/print-graph.ts";
import { verify } from "../../../compiler/ops/verify.ts";
import { renameValues } from "../../../compiler/passes/rename-values.ts";

test("a value has its new name wherever it is defined or read", () => {
  const b = createBuilder();
  const parameter = { kind: "parameter", initializer: { kind: "zeros" }, fanIn: 1 } as const;
  const x = b.input("x", { dtype: "float32", shape: [] });
  const weight = b.state(parameter, "weight", { dtype: "float32", shape: [] });
  const y = b.gemm(
    b.reshape(b.mul(x, weight), { shape: [1, 1] }),
    b.reshape(b.scalar(2), { shape: [1, 1] }),
    undefined,
    { transA: 0, transB: 0 },
  );
  const next = b.neg(weight);
  b.update(weight, next);
  const names = new Map([
    ["x", "input"],
    ["weight", "w"],
    ["constant/2", "two"],
    ["forward//mul.0", "product"],
    [next.name, "w.next"],
    [y.name, "output"],
  ]);
  expect(printGraph(verify(renameValues(b.finish([y]), names)))).toBe(`input input: float32[]
state w: float32[] <- w.next
constant two: float32[]
product: float32[] = mul(input, w)
forward//reshape.0: float32[1, 1] = reshape(product, shape=[1,1])
forward//reshape.1: float32[1, 1] = reshape(two, shape=[1,1])
output: float32[1, 1] = gemm(forward//reshape.0, forward//reshape.1, -, transA=0, transB=0)
w.next: float32[] = neg(w)
output output
`);
});
