/** What attention adds to its scores by how far apart two patches stand: layers before it hold it, and leave it beside what flows. */
import { truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { BucketedPositions, Layer, RelativePositions } from "../../spec/dsl/layers.ts";
import { patchesToken } from "../artifact/token-layout.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { isAnyLength, type Tokens } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { checkWholeGrid } from "./check-whole-grid.ts";
import type { FlowCall, LayerRow } from "./layer.ts";
import { checkInitializer } from "./linear.ts";

const flowOf = (call: FlowCall<RelativePositions | BucketedPositions, Tokens>): Tokens => {
  const { layer, takes, path, misfit } = call;
  checkWholeGrid(call);
  if (isAnyLength(takes))
    misfit("relative-positions-any-length", `${layer.kind} needs clips of one length; expected padOrCut`);
  return { ...takes, relative: { path, heads: layer.heads, order: takes.order } };
};

/** By the last axis, [..., 2 n - 1], what stands d places after its middle for each pair of places j - i = d: [..., n of i, n of j]. */
const byDifference = (b: Builder, x: Value): Value => {
  const lead = x.type.shape.slice(0, -1);
  const n = (Number(x.type.shape.at(-1)) + 1) / 2;
  const axis = lead.length;
  const none = x.type.shape.map(() => 0);
  // Rows that are one longer than what is read of them begin one place earlier each time.
  const padded = b.pad(x, b.scalar(0), { pads: [...none, ...none.slice(1), 1] });
  const shape = [...lead, n, 2 * n];
  const target = b.int64s(shape.map(Number));
  const repeated = b.expand(b.reshape(padded, { shape: [...lead, 1, 2 * n] }), target, { to: shape });
  const flat = b.slice(b.reshape(repeated, { shape: [...lead, n * 2 * n] }), {
    starts: [0],
    ends: [n * (2 * n - 1)],
    axes: [axis],
  });
  const skewed = b.reshape(flat, { shape: [...lead, n, 2 * n - 1] });
  return b.slice(skewed, { starts: [n - 1], ends: [2 * n - 1], axes: [axis + 1] });
};

/** Of all tokens, where added ones have none. @param ofPatches [heads, patches, patches] @returns [heads, tokens, tokens] */
const withAdded = (b: Builder, ofPatches: Value, { order }: Tokens): Value => {
  const before = order.indexOf(patchesToken);
  const after = order.length - 1 - before;
  return order.length === 1 ? ofPatches : b.pad(ofPatches, b.scalar(0), { pads: [0, before, before, 0, after, after] });
};

/** Columns are fixed: clips have one length. */
const gridOf = ({ grid, columns }: Tokens): { readonly rows: number; readonly columns: number } => ({
  rows: grid.rows,
  columns: Number(columns),
});

export const relativePositions: LayerRow<RelativePositions, Tokens, "weight"> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { heads: "a whole number of at least 1" });
    checkInitializer(layer.init, report);
  },
  takes: ["tokens"],
  absent: "left out",
  flow: flowOf,
  parameters: ({ layer: { heads, init: initializer = truncatedNormal({ std: 0.02 }) }, takes }) => {
    const { rows, columns } = gridOf(takes);
    return [{ name: "weight", shape: [(2 * rows - 1) * (2 * columns - 1), heads], initializer }];
  },
  lower: ({ layer: { heads }, takes, b, x, parameters: { weight }, path, beside }) => {
    const { rows, columns } = gridOf(takes);
    const table = b.reshape(b.transpose(weight, { perm: [1, 0] }), { shape: [heads, 2 * rows - 1, 2 * columns - 1] });
    const alongTime = b.transpose(byDifference(b, table), { perm: [0, 2, 3, 1] });
    // [heads, column of the key, of the query, row of the key, of the query]: the table goes by query less key.
    const pairs = b.transpose(byDifference(b, alongTime), { perm: [0, 4, 2, 3, 1] });
    const count = rows * columns;
    beside.set(path, withAdded(b, b.reshape(pairs, { shape: [heads, count, count] }), takes));
    return x;
  },
  facts: () => ({ leaves: "attention" }),
};

/** T5's bucket of a distance from a query to a key; logarithms are float32's, as they decide where a bucket ends. */
export const bucketOf = (distance: number, { buckets = 320, maxDistance = 800 }: BucketedPositions): number => {
  const half = Math.floor(buckets / 2);
  const exact = Math.floor(half / 2);
  const first = distance > 0 ? half : 0;
  const size = Math.abs(distance);
  if (size < exact) return first + size;
  const share = Math.fround(
    Math.fround(Math.log(Math.fround(size / exact))) / Math.fround(Math.log(maxDistance / exact)),
  );
  return first + Math.min(exact + Math.trunc(Math.fround(share * (half - exact))), half - 1);
};

export const bucketedPositions: LayerRow<BucketedPositions, Tokens, "weight"> = {
  check: (layer, report) => {
    const rules = {
      heads: "a whole number of at least 1",
      buckets: "a whole number of at least 1",
      maxDistance: "a whole number of at least 1",
    } as const;
    const areNumbers = checkNumbers(report, layer, rules);
    checkInitializer(layer.init, report);
    const { buckets = 320, maxDistance = 800 } = layer;
    if (!areNumbers) return;
    if (buckets < 4) report.add("number-out-of-range", `buckets must be at least 4, not ${buckets}`, layer, "buckets");
    else if (maxDistance <= Math.floor(buckets / 4)) {
      const message = `maxDistance must be above a quarter of the ${buckets} buckets, which are of one distance each, not ${maxDistance}`;
      report.add("number-out-of-range", message, layer, "maxDistance");
    }
  },
  takes: ["tokens"],
  absent: "left out",
  flow: flowOf,
  parameters: ({ layer: { heads, buckets = 320, init: initializer = truncatedNormal({ std: 0.02 }) } }) => [
    { name: "weight", shape: [buckets, heads], initializer },
  ],
  lower: ({ layer, takes, b, x, parameters: { weight }, path, beside }) => {
    const { heads, order = "frequencyFirst" } = layer;
    const { rows, columns } = gridOf(takes);
    const count = rows * columns;
    const distances = Array.from({ length: 2 * count - 1 }, (_, place) => place - count + 1);
    const picked = b.gather(weight, b.int64s(distances.map((distance) => bucketOf(distance, layer))), { axis: 0 });
    const pairs = byDifference(b, b.transpose(picked, { perm: [1, 0] }));
    const byGrid = (): Value => {
      const grid = b.reshape(pairs, { shape: [heads, columns, rows, columns, rows] });
      return b.reshape(b.transpose(grid, { perm: [0, 2, 1, 4, 3] }), { shape: [heads, count, count] });
    };
    beside.set(path, withAdded(b, order === "timeFirst" ? byGrid() : pairs, takes));
    return x;
  },
  facts: () => ({ leaves: "attention" }),
};

/** What attention may add to its scores: [heads, tokens, tokens]; undefined: nothing. */
export const biasOf = ({ relative }: Tokens, beside: ReadonlyMap<string, Value>): Value | undefined => {
  if (!relative) return undefined;
  const bias = beside.get(relative.path);
  if (!bias) throw new Error(`${relative.path} left nothing`);
  return bias;
};

/** Whether attention with so many heads can add what a layer before it holds. */
export const checkRelative = ({ takes, misfit }: FlowCall<Layer, Tokens>, heads: number): void => {
  const { relative, order, keptInTraining } = takes;
  if (!relative) return;
  if (relative.heads >= 1 && relative.heads !== heads) {
    const message = `attention has ${heads} heads, but the positions before it, ${relative.path}, are held for ${relative.heads}`;
    misfit("relative-positions-heads", message, "heads");
  }
  if (order.join("\n") !== relative.order.join("\n")) {
    const added = order.filter((name) => !relative.order.includes(name));
    const message = `${relative.path} is of the tokens that it takes, and after it were added ${added.join(", ")}; expected it after these`;
    misfit("relative-positions-tokens", message);
  } else if (keptInTraining !== undefined) {
    const message = `${relative.path} is of all patches, and a patchout after it leaves out some`;
    misfit("relative-positions-tokens", message);
  }
};
