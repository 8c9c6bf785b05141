import { truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { Attention } from "../../spec/dsl/layers.ts";
import { expectFlow, type LowerLayer } from "./flow.ts";
import { linear } from "./linear.ts";

const divisors = (value: number): readonly number[] =>
  Array.from({ length: value }, (_, index) => index + 1).filter((candidate) => value % candidate === 0);

export const lowerAttention: LowerLayer<Attention> = (context, flow) => {
  const { layer, b, parameter, fail } = context;
  const { value, length, width } = expectFlow(context, flow, "tokens");
  const { heads, init = truncatedNormal({ std: 0.02 }) } = layer;
  if (width % heads !== 0) {
    const choices = divisors(width)
      .filter((divisor) => divisor <= 4 * heads)
      .join(", ");
    fail(
      "heads-divide-width",
      `a width of ${width} cannot be divided among ${heads} heads`,
      "heads",
      `choose one of ${choices}`,
    );
  }
  const depth = width / heads;
  const [batch = "batch"] = value.type.shape;

  const projected = linear(
    b,
    value,
    parameter("qkv.weight", [3 * width, width], init),
    parameter("qkv.bias", [3 * width], { kind: "zeros" }),
  );
  const byHead = b.transpose(b.reshape(projected, { shape: [batch, length, 3, heads, depth] }), {
    perm: [2, 0, 3, 1, 4],
  });
  const [queries, keys, values] = b
    .split(byHead, { axis: 0, split: [1, 1, 1] })
    .map((part) => b.reshape(part, { shape: [batch, heads, length, depth] }));
  if (!queries || !keys || !values) throw new Error("split gives three parts");

  // Scaling the queries rather than the scores touches fewer elements.
  const scaled = b.mul(queries, b.scalar(1 / Math.sqrt(depth)));
  const scores = b.matMul(scaled, b.transpose(keys, { perm: [0, 1, 3, 2] }));
  const mixed = b.matMul(b.softmax(scores, { axis: -1 }), values);
  const joined = b.reshape(b.transpose(mixed, { perm: [0, 2, 1, 3] }), { shape: [batch, length, width] });
  const output = linear(
    b,
    joined,
    parameter("proj.weight", [width, width], init),
    parameter("proj.bias", [width], { kind: "zeros" }),
  );
  return { ...flow, value: output };
};
