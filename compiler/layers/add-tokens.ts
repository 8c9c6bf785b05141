import { truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { AddTokens } from "../../spec/dsl/layers.ts";
import { expectFlow, type LowerLayer } from "./flow.ts";

/** Room is made with zeros and the tokens are added into it: unlike concatenation, that needs no copy per clip of the batch. */
export const lowerAddTokens: LowerLayer<AddTokens> = (context, flow) => {
  const { layer, b, parameter, fail } = context;
  const { value, length, width, named } = expectFlow(context, flow, "tokens");
  const { names, position } = layer;
  if (names.length === 0) return flow;
  const known = names.find((name) => named.has(name));
  if (known !== undefined) fail("token-named-twice", `two tokens are called ${known}`);

  const tokens = names.map((name) => parameter(name, [1, 1, width], truncatedNormal({ std: 0.02 })));
  const [first] = tokens;
  const joined = tokens.length === 1 && first ? first : b.concat(tokens, { axis: 1 });
  const isFirst = position === "first";
  const count = names.length;
  const room = b.pad(value, b.scalar(0), { pads: isFirst ? [0, count, 0, 0, 0, 0] : [0, 0, 0, 0, count, 0] });
  const placed = b.pad(joined, b.scalar(0), { pads: isFirst ? [0, 0, 0, 0, length, 0] : [0, length, 0, 0, 0, 0] });
  return {
    kind: "tokens",
    value: b.add(room, placed),
    length: length + count,
    width,
    named: new Map([
      ...[...named].map(([name, index]) => [name, isFirst ? index + count : index] as const),
      ...names.map((name, index) => [name, isFirst ? index : length + index] as const),
    ]),
  };
};
