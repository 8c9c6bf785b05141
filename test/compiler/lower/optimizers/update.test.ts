import { Tensor } from "../../../onnxruntime.ts";
import { expect, test } from "vitest";
import { createBuilder } from "../../../../compiler/ops/builder.ts";
import { updateOnlyIf } from "../../../../compiler/lower/optimizers/update.ts";
import { openGraphRunner } from "../../open-graph-runner.ts";
import { programOf } from "../../program-of.ts";

test("every state with an update, of any type, keeps its value where the condition is false", async () => {
  const b = createBuilder();
  const state = { kind: "parameter", initializer: { kind: "ones" }, fanIn: 1 } as const;
  const weight = b.state(state, "weight", { dtype: "float32", shape: [2] });
  const frozen = b.state(state, "frozen", { dtype: "float32", shape: [2] });
  const count = b.state({ ...state, kind: "optimizer" }, "count", { dtype: "int32", shape: [] });
  const updates = [
    { state: weight, next: b.div(b.add(weight, frozen), b.input("divisor", { dtype: "float32", shape: [] })) },
    { state: count, next: b.add(count, b.constant("two", [], Int32Array.of(2))) },
  ];
  const isNegative = b.less(b.input("x", { dtype: "float32", shape: [] }), b.scalar(0));
  for (const { state, next } of updateOnlyIf(b, isNegative, updates)) b.update(state, next);
  const { step, state: current } = await openGraphRunner(programOf(b.finish([])));
  const run = async (x: number, divisor: number) => {
    const scalar = (value: number): Tensor => new Tensor("float32", [value], []);
    await step({ x: scalar(x), divisor: scalar(divisor) });
    return ["weight", "count"].map((name) => Array.from(current.get(name)?.data as Float32Array | Int32Array));
  };
  expect(await run(-1, 1)).toStrictEqual([[2, 2], [2]]);
  expect(await run(1, 1)).toStrictEqual([[2, 2], [2]]);
  expect(await run(1, NaN)).toStrictEqual([[2, 2], [2]]);
  expect(await run(-1, 1)).toStrictEqual([[3, 3], [4]]);
});
