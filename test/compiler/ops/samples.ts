/** One sample per operator: operands to try, and the operator's definition in double precision. */
import type { Attributes } from "../../../compiler/ir/graph.ts";
import { onnxTypeNumbers } from "../../../compiler/artifact/element-types.ts";
import { cut, product, sum as sumOf, wholeSteps } from "../../../compiler/artifact/dim.ts";
import type { OpName } from "../../../compiler/ops/table.ts";
import { at, broadcast, elementwise, erf, type NdArray, reduce, sizeOf, sum, tabulate, unravel } from "./nd-array.ts";
import { booleans, float, floats, halves, integers, type Operand } from "./operand.ts";

export interface Case {
  /** In the order of the row's operands, variadic ones spread. */
  readonly operands: readonly (Operand | undefined)[];
  readonly attributes?: Attributes;
}

export interface Sample {
  readonly cases: readonly Case[];
  readonly evaluate: (operands: readonly NdArray[], attributes: Attributes) => NdArray | readonly NdArray[];
  /** Results that the gradient rule follows; default all. */
  readonly differentiable?: readonly number[];
}

const binary = (f: (a: number, b: number) => number, cases: readonly (readonly [Operand, Operand])[]): Sample => ({
  cases: cases.map((operands) => ({ operands })),
  evaluate: ([a, b]) => elementwise(f, a as NdArray, b as NdArray),
});

const unary = (f: (x: number) => number, ...operands: readonly Operand[]): Sample => ({
  cases: operands.map((operand) => ({ operands: [operand] })),
  evaluate: ([x]) => elementwise(f, x as NdArray),
});

/** Of the samples but the first, as far as the sixteenth. */
const pairs = wholeSteps(cut("samples", 0, 16) ?? 0, 1, 2);

const broadcasts: readonly (readonly [Operand, Operand])[] = [
  [float([2, 3]), float([2, 3], 2)],
  [float(["batch", 3, 4]), float([4])],
  [float([3, 1]), float(["batch", 1, 4])],
  [float([]), float(["batch", "samples"])],
];

const equalPairs: readonly (readonly [Operand, Operand])[] = [
  [floats([2, 3], [1, 2, 3, 4, 5, 6]), floats([3], [1, 5, 3])],
  [integers("int32", ["batch", 1], [1, 2]), integers("int32", [3], [0, 1, 2])],
  [integers("int64", ["batch", 1], [1, 2]), integers("int64", [3], [0, 1, 2])],
];

/** Values on both sides of zero, none near it. */
const awayFromZero = floats(["batch", 3], [-2, -0.5, -0.1, 0.1, 0.5, 2]);

const reduction = (f: (values: number[]) => number): Sample => ({
  cases: [
    { operands: [float([2, 3, 4])], attributes: { axes: [1], keepdims: 0 } },
    { operands: [float(["batch", 3, 4])], attributes: { axes: [-1], keepdims: 1 } },
    { operands: [float(["batch", 3, 4])], attributes: { axes: [0, 2], keepdims: 0 } },
    { operands: [float(["batch", "samples"])], attributes: { axes: [1], keepdims: 1 } },
    { operands: [float(["batch", "samples"])], attributes: { axes: [0, 1], keepdims: 0 } },
  ],
  evaluate: ([x], { axes, keepdims }) => reduce(x as NdArray, axes as number[], keepdims as number, f),
});

const logSumExp = (values: readonly number[]): number => {
  const top = Math.max(...values);
  return top + Math.log(sum(values.map((value) => Math.exp(value - top))));
};

/** The elements of `x` at the index that `from` gives for each index of the result. */
const pick = (x: NdArray, shape: readonly number[], from: (index: readonly number[]) => readonly number[]): NdArray =>
  tabulate(shape, (index) => at(x, from(index)));

const replaced = (index: readonly number[], axis: number, value: number): readonly number[] =>
  index.map((position, other) => (other === axis ? value : position));

const convolved = (attributes: Attributes): Attributes => ({
  group: 1,
  strides: [1, 1],
  dilations: [1, 1],
  pads: [0, 0, 0, 0],
  ...attributes,
});

/** Each place of an image with those of a result that a kernel connects with it: along one axis. */
const connected = (attributes: Attributes, axis: 0 | 1, place: number, tap: number): number => {
  const [strides, dilations, pads] = [attributes["strides"], attributes["dilations"], attributes["pads"]] as number[][];
  return place * (strides?.[axis] ?? 1) + tap * (dilations?.[axis] ?? 1) - (pads?.[axis] ?? 0);
};

const convolution = (x: NdArray, weight: NdArray, bias: NdArray | undefined, attributes: Attributes): NdArray => {
  const [batch = 1, , ...size] = x.shape;
  const [kernels = 1, inner = 1, height = 1, width = 1] = weight.shape;
  const pads = attributes["pads"] as number[];
  const counts = ([0, 1] as const).map((axis) => {
    const last = (size[axis] ?? 1) + (pads[axis + 2] ?? 0) - 1;
    const reach = (place: number): number => connected(attributes, axis, place, (axis === 0 ? height : width) - 1);
    return Array.from({ length: last + 9 }, (_, place) => place).filter((place) => reach(place) <= last).length;
  });
  return tabulate([batch, kernels, ...counts], ([clip = 0, kernel = 0, down = 0, across = 0]) => {
    const first = Math.floor(kernel / (kernels / (attributes["group"] as number))) * inner;
    const taps = tabulate([inner, height, width], ([channel = 0, row = 0, column = 0]) => {
      const [y, z] = [connected(attributes, 0, down, row), connected(attributes, 1, across, column)];
      const isInside = y >= 0 && z >= 0 && y < (size[0] ?? 0) && z < (size[1] ?? 0);
      return isInside ? at(x, [clip, first + channel, y, z]) * at(weight, [kernel, channel, row, column]) : 0;
    });
    return sum([...taps.data]) + (bias ? at(bias, [kernel]) : 0);
  });
};

/** Of each value of x what the convolution takes to it, sent back. */
const backConvolution = (x: NdArray, weight: NdArray, attributes: Attributes): NdArray => {
  const [batch = 1, kernels = 1, rows = 1, columns = 1] = x.shape;
  const [, inner = 1, height = 1, width = 1] = weight.shape;
  const [pads, beyond] = [attributes["pads"], attributes["output_padding"]] as number[][];
  const group = attributes["group"] as number;
  const end = (axis: 0 | 1, count: number, length: number): number =>
    connected(attributes, axis, count - 1, length - 1) + 1 - (pads?.[axis + 2] ?? 0) + (beyond?.[axis] ?? 0);
  const size = [end(0, rows, height), end(1, columns, width)];
  const shape = [batch, group * inner, ...size];
  const data = new Float64Array(sizeOf(shape));
  const taps = [...x.shape, inner, height, width];
  for (let tap = 0; tap < sizeOf(taps); tap++) {
    const [clip = 0, kernel = 0, down = 0, across = 0, own = 0, row = 0, column = 0] = unravel(taps, tap);
    const channel = Math.floor(kernel / (kernels / group)) * inner + own;
    const [y, z] = [connected(attributes, 0, down, row), connected(attributes, 1, across, column)];
    const [high = 0, wide = 0] = size;
    if (y < 0 || z < 0 || y >= high || z >= wide) continue;
    const place = ((clip * group * inner + channel) * high + y) * wide + z;
    const part = at(x, [clip, kernel, down, across]) * at(weight, [kernel, own, row, column]);
    data[place] = (data[place] ?? NaN) + part;
  }
  return { shape, data };
};

const transposed = (x: NdArray): NdArray => pick(x, x.shape.toReversed(), (index) => index.toReversed());

const matrixProduct = (a: NdArray, b: NdArray): NdArray => {
  const [rows = 1, inner = 1] = a.shape.slice(-2);
  const columns = b.shape.at(-1) ?? 1;
  const lead = (x: NdArray): NdArray => ({ ...x, shape: x.shape.slice(0, -2) });
  return tabulate([...broadcast(lead(a), lead(b)), rows, columns], (index) => {
    const batch = index.slice(0, -2);
    const [row = 0, column = 0] = index.slice(-2);
    const terms = Array.from({ length: inner }, (_, k) => at(a, [...batch, row, k]) * at(b, [...batch, k, column]));
    return sum(terms);
  });
};

const layerNorm = (x: NdArray, scale: NdArray, bias: NdArray, epsilon: number): readonly NdArray[] => {
  const mean = reduce(x, [-1], 1, (values) => sum(values) / values.length);
  const inverseDeviation = reduce(
    elementwise((value, average) => (value - average) ** 2, x, mean),
    [-1],
    1,
    (squares) => 1 / Math.sqrt(sum(squares) / squares.length + epsilon),
  );
  const y = elementwise((v, m, d, s, c) => (v - m) * d * s + c, x, mean, inverseDeviation, scale, bias);
  return [y, mean, inverseDeviation];
};

export const samples: { readonly [Name in OpName]: Sample } = {
  add: {
    ...binary((a, b) => a + b, [...broadcasts, [integers("int32", [], [3]), integers("int32", [], [4])]]),
  },
  sub: binary((a, b) => a - b, broadcasts),
  mul: binary((a, b) => a * b, broadcasts),
  div: binary(
    (a, b) => a / b,
    [
      [float([2, 3]), float([2, 3], 0.5, 1)],
      [float(["batch", 3, 4]), float([4], 0.5, -2)],
      [float([3, 1]), float(["batch", 1, 4], 1, 2)],
      [float([]), float(["batch", "samples"], 1, 3)],
    ],
  ),
  neg: unary((x) => -x, float(["batch", 3]), float([])),
  floor: unary(Math.floor, floats(["batch", 3], [-2.5, -2, -0.5, 0.5, 2, 2.5]), float([])),
  abs: unary(Math.abs, awayFromZero),
  sqrt: unary(Math.sqrt, float(["batch", 3], 1, 1.5), float([], 1, 4)),
  exp: unary(Math.exp, float(["batch", 3], 2), float([])),
  log: unary(Math.log, float(["batch", 3], 1, 1.5), float([], 1, 4)),
  erf: unary(erf, float(["batch", 5], 2.5)),
  relu: unary((x) => Math.max(x, 0), awayFromZero),
  tanh: unary(Math.tanh, float(["batch", 5], 2)),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x)), float(["batch", 5], 4)),
  hardSigmoid: {
    cases: [
      { operands: [float(["batch", 5], 2)], attributes: { alpha: 0.5, beta: 0.5 } },
      { operands: [floats([4], [-2, -0.4, 0.7, 3])], attributes: { alpha: 0.25, beta: 0.75 } },
    ],
    evaluate: ([x], { alpha, beta }) =>
      elementwise((value) => Math.min(Math.max((alpha as number) * value + (beta as number), 0), 1), x as NdArray),
  },
  gelu: unary((x) => (x * (1 + erf(x / Math.SQRT2))) / 2, float(["batch", 5], 3)),
  clip: {
    cases: [{ operands: [awayFromZero, floats([], [-0.3])] }, { operands: [awayFromZero, floats([], [0.3])] }],
    evaluate: ([x, min]) => elementwise(Math.max, x as NdArray, min as NdArray),
  },
  less: binary((a, b) => Number(a < b), equalPairs),
  lessOrEqual: binary((a, b) => Number(a <= b), equalPairs),
  equal: binary((a, b) => Number(a === b), equalPairs),
  where: {
    cases: [
      { operands: [booleans([2, 3], [true, false, true, false, false, true]), float([2, 3]), float([2, 3], 2)] },
      { operands: [booleans(["batch", 1], [true, false]), float([3]), float([])] },
      { operands: [booleans([3], [true, false, true]), float([]), float(["batch", 3])] },
      { operands: [booleans([2], [true, false]), integers("int32", [2], [1, 2]), integers("int32", [2], [3, 4])] },
      { operands: [booleans([2], [true, false]), integers("int64", [2], [1, 2]), integers("int64", [2], [3, 4])] },
    ],
    evaluate: (operands) => elementwise((condition, a = NaN, b = NaN) => (condition ? a : b), ...operands),
  },
  cast: {
    cases: [
      { operands: [booleans(["batch", 2], [true, false, false, true])], attributes: { to: onnxTypeNumbers.float32 } },
      { operands: [integers("int64", [3], [-1, 0, 7])], attributes: { to: onnxTypeNumbers.float32 } },
      { operands: [floats([3], [-1.5, 0, 2.9])], attributes: { to: onnxTypeNumbers.int32 } },
      { operands: [floats([3], [-1.5, 0, 2.25])], attributes: { to: onnxTypeNumbers.float16 } },
      { operands: [halves([3], [-1.5, 0, 2.25])], attributes: { to: onnxTypeNumbers.float32 } },
    ],
    evaluate: ([x], { to }) => (to === onnxTypeNumbers.int32 ? elementwise(Math.trunc, x as NdArray) : (x as NdArray)),
  },
  reduceSum: reduction(sum),
  reduceMean: reduction((values) => sum(values) / values.length),
  reduceMax: reduction((values) => Math.max(...values)),
  reduceLogSumExp: reduction(logSumExp),
  reshape: {
    cases: [
      { operands: [float([2, 6])], attributes: { shape: [3, 4] } },
      { operands: [float(["batch", 3, 4])], attributes: { shape: [product([3, "batch"]), 4] } },
      { operands: [float([product([3, "batch"]), 4])], attributes: { shape: ["batch", 3, 4] } },
      { operands: [float([1, 1])], attributes: { shape: [] } },
      { operands: [float(["batch", "samples", 2])], attributes: { shape: [2, "samples", "batch"] } },
    ],
    evaluate: ([x], { shape }) => ({ data: (x as NdArray).data, shape: shape as readonly number[] }),
  },
  transpose: {
    cases: [
      { operands: [float([2, 3])], attributes: { perm: [1, 0] } },
      { operands: [float(["batch", 2, 3, 4])], attributes: { perm: [2, 0, 3, 1] } },
    ],
    evaluate: ([x], { perm }) => {
      const axes = perm as number[];
      const { shape } = x as NdArray;
      return pick(
        x as NdArray,
        axes.map((axis) => shape[axis] ?? 1),
        (index) => shape.map((_, axis) => index[axes.indexOf(axis)] ?? 0),
      );
    },
  },
  concat: {
    cases: [
      { operands: [float(["batch", 2, 3]), float(["batch", 4, 3])], attributes: { axis: 1 } },
      { operands: [float([2, 1]), float([2, 2]), float([2, 3])], attributes: { axis: -1 } },
      { operands: [float([2, 3])], attributes: { axis: 0 } },
      { operands: [float(["batch", "samples"]), float(["batch", 2])], attributes: { axis: 1 } },
    ],
    evaluate: (parts, { axis }) => {
      const [first = { shape: [], data: new Float64Array() }] = parts;
      const along = ((axis as number) + first.shape.length) % first.shape.length;
      const ends = parts.map((_, part) => sum(parts.slice(0, part + 1).map(({ shape }) => shape[along] ?? 0)));
      return tabulate(replaced(first.shape, along, ends.at(-1) ?? 0), (index) => {
        const position = index[along] ?? 0;
        const part = ends.findIndex((end) => position < end);
        return at(parts[part] as NdArray, replaced(index, along, position - (ends[part - 1] ?? 0)));
      });
    },
  },
  split: {
    cases: [
      { operands: [float(["batch", 6])], attributes: { axis: 1, split: [1, 2, 3] } },
      { operands: [float([3, "batch", 2])], attributes: { axis: -3, split: [2, 1] } },
      { operands: [float(["samples", sumOf(["samples", 2])])], attributes: { axis: 1, split: ["samples", 2] } },
    ],
    evaluate: ([x], { axis, split }) => {
      const { shape } = x as NdArray;
      const along = ((axis as number) + shape.length) % shape.length;
      const parts = split as number[];
      return parts.map((length, part) => {
        const start = sum(parts.slice(0, part));
        return pick(x as NdArray, replaced(shape, along, length), (index) =>
          replaced(index, along, (index[along] ?? 0) + start),
        );
      });
    },
  },
  slice: {
    cases: [
      { operands: [float(["batch", 5])], attributes: { starts: [1], ends: [4], axes: [1] } },
      { operands: [float([4, "batch", 5])], attributes: { starts: [0, 2], ends: [2, 5], axes: [0, 2] } },
      {
        operands: [float(["samples", sumOf(["samples", 4])])],
        attributes: { starts: [2], ends: [sumOf(["samples", 2])], axes: [1] },
      },
      { operands: [float([9, "samples"])], attributes: { starts: [0], ends: [pairs], axes: [0] } },
    ],
    evaluate: ([x], { starts, ends, axes }) => {
      const { shape } = x as NdArray;
      const bound = (bounds: unknown, axis: number): number | undefined =>
        (bounds as number[])[(axes as number[]).indexOf(axis)];
      return pick(
        x as NdArray,
        shape.map((length, axis) => Math.min(length, bound(ends, axis) ?? length) - (bound(starts, axis) ?? 0)),
        (index) => index.map((position, axis) => position + (bound(starts, axis) ?? 0)),
      );
    },
  },
  pad: {
    cases: [
      { operands: [float([2, 3]), floats([], [0.5])], attributes: { pads: [0, 1, 0, 2] } },
      { operands: [float(["batch", 3, 2]), floats([], [0])], attributes: { pads: [0, 2, 0, 0, 0, 1] } },
      { operands: [float(["batch", "samples"]), floats([], [0])], attributes: { pads: [0, 1, 0, pairs] } },
    ],
    evaluate: ([x, fill], { pads }) => {
      const { shape } = x as NdArray;
      const counts = pads as number[];
      const before = (axis: number): number => counts[axis] ?? 0;
      return tabulate(
        shape.map((length, axis) => length + before(axis) + (counts[axis + shape.length] ?? 0)),
        (index) => {
          const inside = index.map((position, axis) => position - before(axis));
          const isInside = inside.every((position, axis) => position >= 0 && position < (shape[axis] ?? 0));
          return isInside ? at(x as NdArray, inside) : at(fill as NdArray, []);
        },
      );
    },
  },
  gatherElements: {
    cases: [
      {
        operands: [float(["batch", 4, 2]), integers("int32", ["batch", 3, 2], [3, 0, 0, 2, 1, 1, 2, 2, 0, 3, 1, 0])],
        attributes: { axis: 1 },
      },
      { operands: [float(["batch", 3]), integers("int32", ["batch", 1], [2, 0])], attributes: { axis: -1 } },
    ],
    evaluate: ([x, indices], { axis }) => {
      const { shape } = x as NdArray;
      const along = ((axis as number) + shape.length) % shape.length;
      return pick(x as NdArray, (indices as NdArray).shape, (index) =>
        replaced(index, along, at(indices as NdArray, index)),
      );
    },
  },
  gather: {
    cases: [
      { operands: [float(["batch", 4, 3]), integers("int64", [5], [3, 0, 0, 2, 1])], attributes: { axis: 1 } },
      { operands: [float(["batch", 4]), integers("int64", [2], [3, 3])], attributes: { axis: -1 } },
      { operands: [float([4, 3]), integers("int64", [2], [2, 0])], attributes: { axis: 0 } },
      { operands: [float([4]), integers("int64", [3], [1, 1, 3])], attributes: { axis: 0 } },
    ],
    evaluate: ([x, indices], { axis }) => {
      const { shape } = x as NdArray;
      const { data } = indices as NdArray;
      const along = ((axis as number) + shape.length) % shape.length;
      return pick(x as NdArray, replaced(shape, along, data.length), (index) =>
        replaced(index, along, data[index[along] ?? 0] ?? 0),
      );
    },
  },
  expand: {
    cases: [
      { operands: [float([3, 1]), integers("int64", [3], [2, 3, 4])], attributes: { to: [2, 3, 4] } },
      { operands: [float([]), integers("int64", [2], [2, 3])], attributes: { to: ["batch", 3] } },
      { operands: [float(["batch", 1]), integers("int64", [2], [2, 3])], attributes: { to: ["batch", 3] } },
    ],
    evaluate: ([x, target]) => tabulate([...(target as NdArray).data], (index) => at(x as NdArray, index)),
  },
  shape: {
    cases: [{ operands: [float(["batch", 3, "samples"])] }, { operands: [float([])] }],
    evaluate: ([x]) => {
      const { shape } = x as NdArray;
      return { shape: [shape.length], data: Float64Array.from(shape) };
    },
  },
  matMul: {
    cases: [
      { operands: [float([2, 3]), float([3, 4])] },
      { operands: [float(["batch", 3, 2]), float(["batch", 2, 4])] },
      { operands: [float(["batch", 2, 3]), float([3, 2])] },
      { operands: [float([3, 1, 2, 2]), float(["batch", 2, 3])] },
      // Wide enough that the gradient with respect to b is a product the other way round.
      { operands: [float([3, 1, 2, 16]), float(["batch", 16, 2])] },
    ],
    evaluate: ([a, b]) => matrixProduct(a as NdArray, b as NdArray),
  },
  conv: {
    cases: [
      { operands: [float(["batch", 2, 4, 5]), float([3, 2, 3, 2]), float([3])], attributes: convolved({}) },
      { operands: [float(["batch", 1, 3, 3]), float([2, 1, 1, 1]), undefined], attributes: convolved({}) },
      {
        operands: [float(["batch", 2, 5, 6]), float([4, 2, 3, 3]), float([4])],
        attributes: convolved({ strides: [2, 3], pads: [1, 1, 1, 1] }),
      },
      {
        operands: [float(["batch", 4, 5, 4]), float([6, 2, 2, 3]), float([6])],
        attributes: convolved({ group: 2, strides: [2, 1], pads: [1, 1, 0, 1] }),
      },
      // Each channel for itself.
      {
        operands: [float(["batch", 3, 6, 5]), float([3, 1, 3, 3]), undefined],
        attributes: convolved({ group: 3, strides: [2, 2], pads: [1, 1, 1, 1] }),
      },
      {
        operands: [float([1, 2, 7, 6]), float([2, 2, 2, 2]), float([2])],
        attributes: convolved({ dilations: [3, 2], pads: [0, 1, 2, 0] }),
      },
      {
        operands: [float([1, 4, 1, 9]), float([4, 2, 1, 4]), float([4])],
        attributes: convolved({ group: 2, pads: [0, 2, 0, 1] }),
      },
    ],
    evaluate: ([x, weight, bias], attributes) => convolution(x as NdArray, weight as NdArray, bias, attributes),
  },
  convTranspose: {
    cases: [
      {
        operands: [float(["batch", 3, 2, 4]), float([3, 2, 3, 2])],
        attributes: convolved({ output_padding: [0, 0] }),
      },
      {
        operands: [float(["batch", 4, 3, 2]), float([4, 2, 3, 3])],
        attributes: convolved({ strides: [2, 3], pads: [1, 1, 1, 1], output_padding: [0, 2] }),
      },
      {
        operands: [float(["batch", 6, 3, 4]), float([6, 2, 2, 3])],
        attributes: convolved({ group: 2, strides: [2, 1], pads: [1, 1, 0, 1], output_padding: [1, 0] }),
      },
      {
        operands: [float(["batch", 3, 3, 3]), float([3, 1, 3, 3])],
        attributes: convolved({ group: 3, strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 0] }),
      },
      {
        operands: [float([1, 2, 4, 5]), float([2, 2, 2, 2])],
        attributes: convolved({ dilations: [3, 2], pads: [0, 1, 2, 0], output_padding: [0, 0] }),
      },
    ],
    evaluate: ([x, weight], attributes) => backConvolution(x as NdArray, weight as NdArray, attributes),
  },
  gemm: {
    cases: [
      { operands: [float(["batch", 3]), float([3, 4]), float([4])], attributes: { transA: 0, transB: 0 } },
      { operands: [float(["batch", 3]), float([4, 3]), float([4])], attributes: { transA: 0, transB: 1 } },
      { operands: [float([3, "batch"]), float([3, 4]), float(["batch", 1], 3)], attributes: { transA: 1, transB: 0 } },
      { operands: [float([3, 2]), float([4, 3], 2), float([2, 4])], attributes: { transA: 1, transB: 1 } },
      { operands: [float(["batch", 3]), float([3, 4]), undefined], attributes: { transA: 0, transB: 0 } },
      { operands: [float([3, 2]), float([4, 3], 2), float([])], attributes: { transA: 1, transB: 1 } },
    ],
    evaluate: ([a, b, c], { transA, transB }) => {
      const left = transA ? transposed(a as NdArray) : (a as NdArray);
      const right = transB ? transposed(b as NdArray) : (b as NdArray);
      const product = matrixProduct(left, right);
      return c ? elementwise((x, y) => x + y, product, c) : product;
    },
  },
  softmax: {
    cases: [
      { operands: [float(["batch", 3, 4], 3)], attributes: { axis: -1 } },
      { operands: [float([2, 3], 3)], attributes: { axis: 1 } },
      { operands: [float([2, 3], 3)], attributes: { axis: 0 } },
    ],
    evaluate: ([x], { axis }) => {
      const total = reduce(x as NdArray, [axis as number], 1, logSumExp);
      return elementwise((value, logSum) => Math.exp(value - logSum), x as NdArray, total);
    },
  },
  layerNormalization: {
    cases: [
      {
        operands: [float(["batch", 3, 8], 2, 1), float([8], 0.5, 1), float([8])],
        attributes: { axis: -1, epsilon: 1e-6 },
      },
      // Deviations near the root of epsilon, where it matters.
      { operands: [float([3, 8], 0.3), float([8], 0.5, 1), float([8])], attributes: { axis: -1, epsilon: 0.1 } },
    ],
    evaluate: ([x, scale, bias], { epsilon }) =>
      layerNorm(x as NdArray, scale as NdArray, bias as NdArray, epsilon as number),
    differentiable: [0],
  },
};
