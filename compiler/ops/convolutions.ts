/** Convolutions of images [batch, channels, height, width], and what their gradients take. */
import { type Dim, product, sameDim } from "../artifact/dim.ts";
import type { TensorType, Value } from "../ir/graph.ts";
import { printShape } from "../ir/shape.ts";
import { everywhere, type Op, tensor, TypeRuleError } from "./op.ts";
import type { Emit } from "./table.ts";
import { requireSameDtype, staticLength } from "./type-rules.ts";

interface Steps {
  /** Channels fall into as many groups, each of which is convolved for itself. */
  readonly group: number;
  /** Along height and width, as is `dilations`. */
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros before each of both axes, then after each. */
  readonly pads: readonly number[];
}
type ConvAttributes = { readonly [Key in keyof Steps]: Steps[Key] };
type ConvTransposeAttributes = ConvAttributes & {
  /** What is computed beyond the last place that a stride reaches, along height and width. */
  readonly output_padding: readonly number[];
};

/** What a kernel covers along an axis. */
const covered = (length: number, dilation: number): number => (length - 1) * dilation + 1;

interface Axis {
  readonly stride: number;
  readonly dilation: number;
  /** Zeros on both sides together. */
  readonly padded: number;
}

const axisOf = ({ strides, dilations, pads }: Steps, axis: 0 | 1): Axis => ({
  stride: strides[axis] ?? 1,
  dilation: dilations[axis] ?? 1,
  padded: (pads[axis] ?? 0) + (pads[axis + 2] ?? 0),
});

const places = (length: number, kernel: number, { stride, dilation, padded }: Axis): number =>
  Math.floor((length + padded - covered(kernel, dilation)) / stride) + 1;

const axes = [0, 1] as const;

const requireImages = (...types: readonly TensorType[]): void => {
  for (const { shape } of types) {
    if (shape.length !== 4) throw new TypeRuleError(`${printShape(shape)} must have four axes`);
  }
};

/**
 * The gradient of a kernel: the image, its channels for its clips, convolved with the result's gradient as the kernel, strides for
 * dilations and dilations for strides.
 * @param x [batch, channels, height, width]
 * @param dy [batch, kernels, ...]
 * @param kernel its shape, [kernels, channels / group, height, width]
 */
const kernelGradient = (b: Emit, x: Value, dy: Value, steps: ConvAttributes, kernel: readonly Dim[]): Value => {
  const { group, strides, dilations, pads } = steps;
  const [batch = 1, , ...size] = x.type.shape;
  const inner = kernel[1] ?? 1;
  const apart = b.transpose(b.reshape(x, { shape: [batch, group, inner, ...size] }), { perm: [2, 1, 0, 3, 4] });
  const turned = b.reshape(apart, { shape: [inner, product([group, batch]), ...size] });
  const attributes = { group, strides: dilations, dilations: strides, pads };
  const found = b.conv(turned, b.transpose(dy, { perm: [1, 0, 2, 3] }), undefined, attributes);
  // What no stride of the kernel reaches is left over.
  const over = [2, 3].filter((axis) => !sameDim(found.type.shape[axis] ?? 1, kernel[axis] ?? 1));
  const ends = over.map((axis) => kernel[axis] ?? 1);
  const own = over.length === 0 ? found : b.slice(found, { starts: over.map(() => 0), ends, axes: over });
  return b.transpose(own, { perm: [1, 0, 2, 3] });
};

/** x [batch, channels, height, width] with weight [kernels, channels / group, height, width], and a bias [kernels]. */
export const conv: Op<readonly ["x", "weight", "bias?"], ConvAttributes> = {
  operands: ["x", "weight", "bias?"],
  infer: ({ x, weight, bias }, attributes) => {
    requireImages(x, weight);
    const [batch = 1, channels = 1] = x.shape;
    const [kernels = 1, inner = 1] = weight.shape;
    if (!sameDim(channels, product([attributes.group, inner]))) {
      throw new TypeRuleError(`${printShape(x.shape)} has not the channels of ${printShape(weight.shape)}`);
    }
    if (typeof kernels === "number" && kernels % attributes.group !== 0) {
      throw new TypeRuleError(`${kernels} kernels do not fall into ${attributes.group} groups`);
    }
    if (bias && (bias.shape.length !== 1 || !sameDim(bias.shape[0] ?? 1, kernels))) {
      throw new TypeRuleError(`a bias ${printShape(bias.shape)} of ${printShape(weight.shape)}`);
    }
    const size = axes.map((axis) => {
      const count = places(
        staticLength(x.shape, axis + 2),
        staticLength(weight.shape, axis + 2),
        axisOf(attributes, axis),
      );
      if (count < 1) throw new TypeRuleError(`${printShape(weight.shape)} does not fit ${printShape(x.shape)}`);
      return count;
    });
    return tensor(requireSameDtype(x, weight, ...(bias ? [bias] : [])), [batch, kernels, ...size]);
  },
  gradient: ({ in: { x, weight }, dy, attributes }, b) => ({
    x: () => {
      const output_padding = axes.map((axis) => {
        const along = axisOf(attributes, axis);
        const kernel = staticLength(weight.type.shape, axis + 2);
        return (staticLength(x.type.shape, axis + 2) + along.padded - covered(kernel, along.dilation)) % along.stride;
      });
      return b.convTranspose(dy, weight, { ...attributes, output_padding });
    },
    weight: () => kernelGradient(b, x, dy, attributes, weight.type.shape),
    bias: () => b.reduceSum(dy, { axes: [0, 2, 3], keepdims: 0 }),
  }),
  flops: ({ weight }, [y]) => (y ? product([2, ...y.shape, ...weight.shape.slice(1)]) : 0),
  onnx: { type: "Conv", since: 11 },
  precision: "half",
  kernels: everywhere,
};

/** What `conv` of this weight makes of an image, back: x [batch, kernels, ...], weight [kernels, channels / group, height, width]. */
export const convTranspose: Op<readonly ["x", "weight"], ConvTransposeAttributes> = {
  operands: ["x", "weight"],
  infer: ({ x, weight }, attributes) => {
    requireImages(x, weight);
    const [batch = 1, kernels = 1] = x.shape;
    const [own = 1, inner = 1] = weight.shape;
    if (!sameDim(kernels, own)) {
      throw new TypeRuleError(`${printShape(x.shape)} has not the channels of ${printShape(weight.shape)}`);
    }
    const size = axes.map((axis) => {
      const { stride, dilation, padded } = axisOf(attributes, axis);
      const kernel = covered(staticLength(weight.shape, axis + 2), dilation);
      return (staticLength(x.shape, axis + 2) - 1) * stride + kernel - padded + (attributes.output_padding[axis] ?? 0);
    });
    return tensor(requireSameDtype(x, weight), [batch, product([attributes.group, inner]), ...size]);
  },
  gradient: ({ in: { x, weight }, dy, attributes: { group, strides, dilations, pads } }, b) => ({
    x: () => b.conv(dy, weight, undefined, { group, strides, dilations, pads }),
    weight: () => kernelGradient(b, dy, x, { group, strides, dilations, pads }, weight.type.shape),
  }),
  flops: ({ x, weight }) => product([2, ...x.shape, ...weight.shape.slice(1)]),
  onnx: { type: "ConvTranspose", since: 11 },
  precision: "half",
  kernels: everywhere,
};
