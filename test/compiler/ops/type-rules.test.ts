import { describe, expect, test } from "vitest";
import { type Builder, createBuilder } from "../../../compiler/ops/builder.ts";
import type { Dim } from "../../../compiler/artifact/dim.ts";
import type { DType, Value } from "../../../compiler/ir/graph.ts";
import { onnxTypeNumbers } from "../../../compiler/artifact/element-types.ts";
import { TypeRuleError } from "../../../compiler/ops/op.ts";
import { gradients } from "../../../compiler/passes/gradients.ts";

type Declare = (shape: readonly Dim[], dtype?: DType) => Value;

/** What does not fit an operator, and what it says. */
const cases: readonly (readonly [string, (b: Builder, x: Declare) => unknown, string])[] = [
  ["add", (b, x) => b.add(x([2, 3]), x([4])), "shapes [2, 3] and [4] do not broadcast"],
  ["add", (b, x) => b.add(x(["batch"]), x([4])), "shapes [batch] and [4] do not broadcast"],
  ["mul", (b, x) => b.mul(x([2]), x([2], "int64")), "operands have different types: float32 and int64"],
  ["less", (b, x) => b.less(x([2]), x([2], "int32")), "operands have different types: float32 and int32"],
  ["clip", (b, x) => b.clip(x([2]), x([1])), "min must be a scalar, got [1]"],
  ["where", (b, x) => b.where(x([2]), x([2]), x([2])), "expected bool, got float32"],
  ["where", (b, x) => b.where(x([2], "bool"), x([2]), x([3])), "shapes [2] and [2] and [3] do not broadcast"],
  ["cast", (b, x) => b.cast(x([2]), { to: 99 }), "99 is the number of no element type"],
  ["reduceSum", (b, x) => b.reduceSum(x([2]), { axes: [], keepdims: 0 }), "no axes to reduce"],
  ["reduceMean", (b, x) => b.reduceMean(x([2]), { axes: [1], keepdims: 0 }), "axis 1 is outside a tensor of 1 axes"],
  [
    "reshape",
    (b, x) => b.reshape(x([2, "batch"]), { shape: [3, "batch"] }),
    "[2, batch] and [3, batch] differ in element count",
  ],
  ["transpose", (b, x) => b.transpose(x([2, 3]), { perm: [1, 1] }), "[1, 1] is no permutation of the axes of [2, 3]"],
  ["transpose", (b, x) => b.transpose(x([2, 3]), { perm: [0] }), "[0] is no permutation of the axes of [2, 3]"],
  ["concat", (b) => b.concat([], { axis: 0 }), "nothing to concatenate"],
  ["concat", (b, x) => b.concat([x([2, 3]), x([3, 3])], { axis: 1 }), "[2, 3] and [3, 3] differ beyond axis 1"],
  ["split", (b, x) => b.split(x([5]), { axis: 0, split: [2, 2] }), "parts of 2 + 2 do not fill axis 0 of [5]"],
  ["split", (b, x) => b.split(x([5]), { axis: -2, split: [5] }), "axis -2 is outside a tensor of 1 axes"],
  ["slice", (b, x) => b.slice(x([5]), { starts: [2], ends: [6], axes: [0] }), "2..6 is outside axis 0 of [5]"],
  [
    "slice",
    (b, x) => b.slice(x(["samples"]), { starts: [3], ends: [3], axes: [0] }),
    "3..3 is outside axis 0 of [samples]",
  ],
  [
    "slice",
    (b, x) => b.slice(x(["samples"]), { starts: [0], ends: ["batch"], axes: [0] }),
    "0..batch is outside axis 0 of [samples]",
  ],
  ["slice", (b, x) => b.slice(x([5]), { starts: [0], ends: [1], axes: [-1] }), "0..1 is outside axis -1 of [5]"],
  ["pad", (b, x) => b.pad(x([2, 3]), x([]), { pads: [0, 1] }), "pads [0, 1] do not fit [2, 3]"],
  ["pad", (b, x) => b.pad(x([2]), x([]), { pads: [0, -1] }), "pads [0, -1] do not fit [2]"],
  ["pad", (b, x) => b.pad(x([2]), x([1]), { pads: [0, 1] }), "fill must be a scalar, got [1]"],
  ["gather", (b, x) => b.gather(x([2]), x([2]), { axis: 0 }), "expected int64, got float32"],
  ["gather", (b, x) => b.gather(x([2]), x([2, 2], "int64"), { axis: 0 }), "indices [2, 2] must have one axis"],
  ["expand", (b, x) => b.expand(x([2]), x([1]), { to: [2] }), "expected int64, got float32"],
  ["expand", (b, x) => b.expand(x([2, 3]), x([1], "int64"), { to: [3] }), "[2, 3] does not broadcast to [3]"],
  ["matMul", (b, x) => b.matMul(x([2]), x([2, 3])), "matMul takes two or more axes"],
  ["matMul", (b, x) => b.matMul(x([2, 3]), x([2, 3])), "[2, 3] times [2, 3]: inner lengths 3 and 2"],
  ["gemm", (b, x) => b.gemm(x([2]), x([2, 3]), undefined, { transA: 0, transB: 0 }), "gemm takes matrices"],
  [
    "gemm",
    (b, x) => b.gemm(x([3, 2]), x([2, 4]), undefined, { transA: 1, transB: 0 }),
    "[3, 2] times [2, 4]: inner lengths 3 and 2",
  ],
  [
    "gemm",
    (b, x) => b.gemm(x([1, 2]), x([2, 4]), x([3, 4]), { transA: 0, transB: 0 }),
    "c of shape [3, 4] does not broadcast to [1, 4]",
  ],
  ["softmax", (b, x) => b.softmax(x([2]), { axis: 1 }), "axis 1 is outside a tensor of 1 axes"],
  [
    "layerNormalization",
    (b, x) => b.layerNormalization(x([2, 3]), x([2]), x([3]), { axis: -1, epsilon: 1 }),
    "scale and bias must have the length 3 of the last axis",
  ],
  [
    "layerNormalization",
    (b, x) => b.layerNormalization(x([3, 3]), x([3]), x([3]), { axis: 0, epsilon: 1 }),
    "layerNormalization takes the last axis",
  ],
];

describe("operands that do not fit", () => {
  test.each(cases)("%s %#", (_, write, message) => {
    const b = createBuilder();
    const declare: Declare = (shape, dtype = "float32") => b.input("x", { dtype, shape });
    expect(() => write(b, declare)).toThrow(new TypeRuleError(message));
  });
});

test("the statistics of a layer norm are not differentiated", () => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: [2, 3] });
  const { y, mean } = b.layerNormalization(
    x,
    b.expand(b.scalar(1), b.int64s([3]), { to: [3] }),
    b.expand(b.scalar(0), b.int64s([3]), { to: [3] }),
    { axis: 1, epsilon: 1 },
  );
  const loss = b.reduceSum(b.add(y, mean), { axes: [0, 1], keepdims: 0 });
  expect(() => gradients(b.finish([loss]), b, loss, [x])).toThrow(
    new TypeRuleError("the statistics of layerNormalization have no gradient"),
  );
});

test("element types have ONNX's numbers", () => {
  expect(onnxTypeNumbers).toStrictEqual({ float32: 1, float16: 10, int32: 6, int64: 7, bool: 9 });
});
