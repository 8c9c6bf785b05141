/**
 * Float16 by float32: ONNX Runtime's CPU provider (1.30) has no float16 products and few other float16 kernels. It computes
 * those nodes in float32 and drops the casts between them, so that next to nothing is rounded.
 */
import { createBuilder, type Builder } from "../../compiler/ops/builder.ts";
import type { Constant, Graph, Value } from "../../compiler/ir/graph.ts";
import { renameValues } from "../../compiler/passes/rename-values.ts";
import { dtypes } from "../../compiler/weights/readers/dtype.ts";

/** From here on, numbers round to float16's infinity. */
const overflow = 65_520;
const smallestNormal = 2 ** -14;

/** The float16 nearest to each float32: 11 bits by Veltkamp's splitting, or a multiple of 2^-24 below the normal numbers. */
const round = (b: Builder, x: Value): Value => {
  const magnitude = b.abs(x);
  const stretched = b.mul(x, b.scalar(2 ** 13 + 1));
  const normal = b.sub(stretched, b.sub(stretched, x));
  // Float32 numbers in [0.5, 1) are multiples of 2^-24.
  const subnormal = b.sub(b.add(x, b.scalar(0.75)), b.scalar(0.75));
  const finite = b.where(b.less(magnitude, b.scalar(smallestNormal)), subnormal, normal);
  return b.where(b.less(magnitude, b.scalar(overflow)), finite, b.mul(x, b.scalar(3e38)));
};

const widen = ({ value, data }: Constant): Constant =>
  data instanceof Uint16Array
    ? {
        value: { ...value, type: { ...value.type, dtype: "float32" } },
        data: dtypes.float16.toFloat32(data.buffer, data.byteOffset, data.length),
      }
    : { value, data };

/** The same graph in float32, every result that was float16 rounded to float16; products sum in float32, as tensor cores do. */
export const emulateFloat16 = (graph: Graph): Graph => {
  const constants = graph.constants.map(widen);
  const b = createBuilder({ ...graph, constants, nodes: [], outputs: [] });
  const rewritten = new Map(constants.map(({ value }) => [value.name, value]));
  const current = (value: Value): Value => rewritten.get(value.name) ?? value;
  for (const { op, inputs, outputs, attributes, origin } of graph.nodes) {
    b.from(origin, () => {
      const operands = inputs.map((input) => input && current(input));
      const isFloatCast = op === "cast" && operands[0]?.type.dtype === "float32" && outputs[0]?.type.dtype !== "int32";
      const results = isFloatCast ? operands : b.apply(op, operands, attributes);
      outputs.forEach(({ name, type }, index) => {
        const result = results[index] as Value;
        rewritten.set(name, type.dtype === "float16" ? round(b, result) : result);
      });
    });
  }
  for (const { value, next } of graph.states) if (next) b.update(value, current(next));
  const emulated = b.finish(graph.outputs.map(current));
  return renameValues(
    emulated,
    new Map(emulated.outputs.map(({ name }, index) => [name, graph.outputs[index]?.name ?? name])),
  );
};
