/** Operators that move or describe data without computing. */
import { onnxTypeNumbers } from "../artifact/element-types.ts";
import { cut, difference, type Dim, isAtMost, printDim, product, sameDim, sum } from "../artifact/dim.ts";
import type { Value } from "../ir/graph.ts";
import { printShape, sameShape } from "../ir/shape.ts";
import { everywhere, type Op, tensor, TypeRuleError } from "./op.ts";
import {
  broadcastShapes,
  free,
  requireDtype,
  requireSameDtype,
  requireScalar,
  resolveAxis,
  staticLength,
  withDim,
} from "./type-rules.ts";

/** Of a `shape` with one symbolic length ONNX infers that. */
export const reshape: Op<readonly ["x"], { readonly shape: readonly Dim[] }> = {
  operands: ["x"],
  infer: ({ x }, { shape }) => {
    if (!sameDim(product(x.shape), product(shape))) {
      throw new TypeRuleError(`${printShape(x.shape)} and ${printShape(shape)} differ in element count`);
    }
    return tensor(x.dtype, shape);
  },
  gradient: ({ in: { x }, dy }, b) => ({ x: () => b.reshape(dy, { shape: x.type.shape }) }),
  flops: free,
  isView: true,
  onnx: { type: "Reshape", since: 19, inputs: ["x", "shape"], infers: "shape" },
  precision: "follow",
  kernels: everywhere,
};

export const transpose: Op<readonly ["x"], { readonly perm: readonly number[] }> = {
  operands: ["x"],
  infer: ({ x }, { perm }) => {
    if (perm.toSorted((a, b) => a - b).some((axis, index) => axis !== index) || perm.length !== x.shape.length) {
      throw new TypeRuleError(`[${perm.join(", ")}] is no permutation of the axes of ${printShape(x.shape)}`);
    }
    return tensor(
      x.dtype,
      perm.map((axis) => x.shape[axis] ?? 1),
    );
  },
  gradient: ({ dy, attributes: { perm } }, b) => ({
    x: () => b.transpose(dy, { perm: perm.map((_, axis) => perm.indexOf(axis)) }),
  }),
  flops: free,
  onnx: { type: "Transpose", since: 13 },
  precision: "follow",
  kernels: everywhere,
};

export const concat: Op<readonly ["...parts"], { readonly axis: number }> = {
  operands: ["...parts"],
  infer: ({ parts }, { axis }) => {
    const [first] = parts;
    if (!first) throw new TypeRuleError("nothing to concatenate");
    const along = resolveAxis(axis, first.shape.length);
    const joined = sum(parts.map(({ shape }) => shape[along] ?? 0));
    for (const { shape } of parts) {
      if (!sameShape(withDim(shape, along, 0), withDim(first.shape, along, 0))) {
        throw new TypeRuleError(`${printShape(first.shape)} and ${printShape(shape)} differ beyond axis ${axis}`);
      }
    }
    return tensor(requireSameDtype(...parts), withDim(first.shape, along, joined));
  },
  gradient: ({ in: { parts }, dy, attributes: { axis } }, b) => ({
    parts: () =>
      b.split(dy, {
        axis,
        split: parts.map(({ type: { shape } }) => shape[resolveAxis(axis, shape.length)] ?? 0),
      }),
  }),
  flops: free,
  onnx: { type: "Concat", since: 13 },
  precision: "follow",
  kernels: everywhere,
};

/** `split`: the length of each part along `axis`. */
export const split: Op<readonly ["x"], { readonly axis: number; readonly split: readonly Dim[] }, readonly ["..."]> = {
  operands: ["x"],
  results: ["..."],
  infer: ({ x }, { axis, split }) => {
    const along = resolveAxis(axis, x.shape.length);
    if (!sameDim(sum(split), x.shape[along] ?? 0)) {
      throw new TypeRuleError(
        `parts of ${split.map(printDim).join(" + ")} do not fill axis ${axis} of ${printShape(x.shape)}`,
      );
    }
    return split.map((length) => tensor(x.dtype, withDim(x.shape, along, length)));
  },
  gradient: ({ outs, dys, attributes: { axis } }, b) => ({
    x: () => {
      const parts = outs.map(
        (part, index) => dys[index] ?? b.expand(b.scalar(0), b.shape(part), { to: part.type.shape }),
      );
      return b.concat(parts, { axis });
    },
  }),
  flops: free,
  onnx: { type: "Split", since: 18, inputs: ["x", "split"] },
  precision: "follow",
  kernels: everywhere,
};

type SliceAttributes = {
  readonly starts: readonly Dim[];
  readonly ends: readonly Dim[];
  readonly axes: readonly number[];
};

/** The length of what is taken; undefined where that is not known to be inside. */
const sliced = (whole: Dim, start: Dim, end: Dim): Dim | undefined => {
  if (typeof start === "number" && typeof end === "number") {
    return start < 0 || start >= end ? undefined : cut(whole, start, end);
  }
  return isAtMost(start, end) && isAtMost(end, whole) ? difference(end, start) : undefined;
};

/**
 * Step 1, neither axes nor bounds negative. An axis of symbolic length that may be shorter than an end that is a number is cut, as in
 * ONNX.
 */
export const slice: Op<readonly ["x"], SliceAttributes> = {
  operands: ["x"],
  infer: ({ x }, { starts, ends, axes }) =>
    tensor(
      x.dtype,
      axes.reduce<readonly Dim[]>((shape, axis, index) => {
        const [start = 0, end = 0] = [starts[index], ends[index]];
        const taken = sliced(shape[axis] ?? 0, start, end);
        if (taken === undefined) {
          throw new TypeRuleError(
            `${printDim(start)}..${printDim(end)} is outside axis ${axis} of ${printShape(shape)}`,
          );
        }
        return withDim(shape, axis, taken);
      }, x.shape),
    ),
  gradient: ({ in: { x }, dy, attributes: { starts, ends, axes } }, b) => ({
    x: () => {
      const before = x.type.shape.map((_, axis) => starts[axes.indexOf(axis)] ?? 0);
      const after = x.type.shape.map((_, axis) =>
        axes.includes(axis) ? difference(x.type.shape[axis] ?? 0, ends[axes.indexOf(axis)] ?? 0) : 0,
      );
      return b.pad(dy, b.scalar(0), { pads: [...before, ...after] });
    },
  }),
  flops: free,
  onnx: { type: "Slice", since: 13, inputs: ["x", "starts", "ends", "axes"] },
  precision: "follow",
  kernels: everywhere,
};

/**
 * Appends constants: `pads` holds the counts before each axis, then after each.
 * On CUDA, ONNX Runtime 1.23 still had no kernel of this version and moved it to the CPU.
 */
export const pad: Op<readonly ["x", "fill"], { readonly pads: readonly Dim[] }> = {
  operands: ["x", "fill"],
  infer: ({ x, fill }, { pads }) => {
    requireSameDtype(x, fill);
    requireScalar("fill", fill);
    const rank = x.shape.length;
    if (pads.length !== 2 * rank || !pads.every((count) => isAtMost(0, count))) {
      throw new TypeRuleError(`pads [${pads.map(printDim).join(", ")}] do not fit ${printShape(x.shape)}`);
    }
    return tensor(
      x.dtype,
      x.shape.map((length, axis) => sum([length, pads[axis] ?? 0, pads[axis + rank] ?? 0])),
    );
  },
  gradient: ({ in: { x }, dy, attributes: { pads } }, b) => {
    const rank = x.type.shape.length;
    const inside = (): Value => {
      const axes = x.type.shape.flatMap((_, axis) => (pads[axis] || pads[axis + rank] ? [axis] : []));
      const starts = axes.map((axis) => pads[axis] ?? 0);
      const ends = axes.map((axis, index) => sum([starts[index] ?? 0, x.type.shape[axis] ?? 0]));
      return b.slice(dy, { starts, ends, axes });
    };
    const total = (value: Value): Value =>
      b.reduceSum(value, { axes: Array.from({ length: rank }, (_, axis) => axis), keepdims: 0 });
    return { x: inside, fill: () => b.sub(total(dy), total(inside())) };
  },
  flops: free,
  onnx: { type: "Pad", since: 19, inputs: ["x", "pads", "fill"] },
  precision: "follow",
  kernels: everywhere,
};

/** Picks `indices` (int64, one axis) along `axis`. Its gradient is a product with the one-hot matrix of the indices. */
export const gather: Op<readonly ["x", "indices"], { readonly axis: number }> = {
  operands: ["x", "indices"],
  infer: ({ x, indices }, { axis }) => {
    requireDtype(indices, "int64");
    if (indices.shape.length !== 1) throw new TypeRuleError(`indices ${printShape(indices.shape)} must have one axis`);
    const along = resolveAxis(axis, x.shape.length);
    return tensor(x.dtype, [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)]);
  },
  gradient: ({ in: { x, indices }, dy, attributes: { axis } }, b) => ({
    x: () => {
      const rank = x.type.shape.length;
      const along = resolveAxis(axis, rank);
      const length = staticLength(x.type.shape, along);
      const picks = b.reshape(indices, { shape: [...indices.type.shape, 1] });
      const oneHot = b.cast(b.equal(picks, b.int64s(Array.from({ length }, (_, index) => index))), {
        to: onnxTypeNumbers.float32,
      });
      const perm = Array.from({ length: rank }, (_, index) => index);
      perm.push(...perm.splice(along, 1));
      // matMul takes two or more axes.
      if (rank === 1)
        return b.reshape(b.matMul(b.reshape(dy, { shape: [1, ...dy.type.shape] }), oneHot), { shape: [length] });
      const summed = b.matMul(b.transpose(dy, { perm }), oneHot);
      return b.transpose(summed, { perm: perm.map((_, index) => perm.indexOf(index)) });
    },
  }),
  flops: free,
  onnx: { type: "Gather", since: 13 },
  precision: "follow",
  kernels: everywhere,
};

/** y[i, j, k] = x[i, indices[i, j, k], k] for `axis` 1, and so on; indices are int32. Its gradient sums by their one-hot tensor. */
export const gatherElements: Op<readonly ["x", "indices"], { readonly axis: number }> = {
  operands: ["x", "indices"],
  infer: ({ x, indices }, { axis }) => {
    requireDtype(indices, "int32");
    const along = resolveAxis(axis, x.shape.length);
    if (!sameShape(withDim(indices.shape, along, 1), withDim(x.shape, along, 1))) {
      const shapes = `${printShape(indices.shape)} and ${printShape(x.shape)}`;
      throw new TypeRuleError(`indices and x, ${shapes}, differ beyond axis ${axis}`);
    }
    return tensor(x.dtype, indices.shape);
  },
  gradient: ({ in: { x, indices }, dy, attributes: { axis } }, b) => ({
    x: () => {
      const { shape } = indices.type;
      const along = resolveAxis(axis, shape.length);
      const length = staticLength(x.type.shape, along);
      const apart = [...shape.slice(0, along + 1), 1, ...shape.slice(along + 1)];
      const places = b.reshape(b.int64s(Array.from({ length }, (_, index) => index)), {
        shape: [length, ...shape.slice(along + 1).map(() => 1)],
      });
      const picks = b.reshape(b.cast(indices, { to: onnxTypeNumbers.int64 }), { shape: apart });
      const spread = b.where(b.equal(picks, places), b.reshape(dy, { shape: apart }), b.scalar(0));
      return b.reduceSum(spread, { axes: [along], keepdims: 0 });
    },
  }),
  flops: free,
  onnx: { type: "GatherElements", since: 13 },
  precision: "follow",
  kernels: everywhere,
};

/** Broadcasts x to the shape that `target` (int64 [rank]) holds; `to` is that shape as known at compile time. */
export const expand: Op<readonly ["x", "target"], { readonly to: readonly Dim[] }> = {
  operands: ["x", "target"],
  infer: ({ x, target }, { to }) => {
    requireDtype(target, "int64");
    if (!sameShape(broadcastShapes(x.shape, to), to)) {
      throw new TypeRuleError(`${printShape(x.shape)} does not broadcast to ${printShape(to)}`);
    }
    return tensor(x.dtype, to);
  },
  gradient: ({ dy }) => ({ x: () => dy }),
  flops: free,
  onnx: { type: "Expand", since: 13, hidden: ["to"] },
  precision: "follow",
  kernels: everywhere,
};

/** The shape, int64 [rank]. */
export const shape: Op<readonly ["x"]> = {
  operands: ["x"],
  infer: ({ x }) => tensor("int64", [x.shape.length]),
  gradient: "zero",
  flops: free,
  onnx: { type: "Shape", since: 19 },
  precision: "follow",
  kernels: everywhere,
};
