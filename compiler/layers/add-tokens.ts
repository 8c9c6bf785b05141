import { truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { AddTokens } from "../../spec/dsl/layers.ts";
import { patchesToken } from "../artifact/token-layout.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { lengthOf, type Tokens } from "../ir/flow.ts";
import type { LayerRow } from "./layer.ts";

export const addTokens: LayerRow<AddTokens, Tokens, string> = {
  builder: ({ position, count }) => {
    if (count !== undefined) return "registerTokens";
    return position === "first" ? "prependTokens" : "appendTokens";
  },
  check: (layer, report) => {
    const { names } = layer;
    checkNumbers(report, layer, { count: "a whole number from 1 to 1024" });
    if (new Set(names).size < names.length) {
      report.add("token-named-twice", `two tokens have one name: ${names.join(", ")}`, layer);
    }
    if (names.includes(patchesToken)) {
      report.add("token-name-taken", `no token can be called ${patchesToken}: so are the patches themselves`, layer);
    }
  },
  takes: ["tokens"],
  absent: "apart",
  flow: ({ layer: { names, position }, takes, misfit }) => {
    const known = names.find((name) => name !== patchesToken && takes.order.includes(name));
    if (known !== undefined) misfit("token-named-twice", `two tokens are called ${known}`);
    const added = [...new Set(names)].filter((name) => !takes.order.includes(name));
    const order = position === "first" ? [...added, ...takes.order] : [...takes.order, ...added];
    return { ...takes, order };
  },
  parameters: ({ layer: { names }, takes: { width } }) =>
    names.map((name) => ({ name, shape: [1, 1, width], initializer: truncatedNormal({ std: 0.02 }) })),
  lower: ({ layer: { names, position }, takes, b, x, parameters }) => {
    const tokens = names.flatMap((name) => parameters[name] ?? []);
    const [first] = tokens;
    if (!first) return x;
    const joined = tokens.length === 1 ? first : b.concat(tokens, { axis: 1 });
    const isFirst = position === "first";
    const count = names.length;
    const length = lengthOf(takes);
    // Room is made with zeros and the tokens are added into it: unlike concatenation, that needs no copy per clip of the batch.
    const room = b.pad(x, b.scalar(0), { pads: isFirst ? [0, count, 0, 0, 0, 0] : [0, 0, 0, 0, count, 0] });
    const placed = b.pad(joined, b.scalar(0), { pads: isFirst ? [0, 0, 0, 0, length, 0] : [0, length, 0, 0, 0, 0] });
    return b.add(room, placed);
  },
};
