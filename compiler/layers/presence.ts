/** Which of what flows is a clip's own, where the clips of a batch have lengths of their own. */
import { type Dim, product } from "../artifact/dim.ts";
import { onnxTypeNumbers } from "../artifact/element-types.ts";
import { patchesToken } from "../artifact/token-layout.ts";
import { lengthOf, type Spectrogram, type Tokens } from "../ir/flow.ts";
import type { Origin, Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { progression } from "../ops/progression.ts";

export interface Presence {
  /** 1 for what is the clip's own and 0 for what is absent, float32: [batch, frames] or [batch, tokens]. */
  readonly of: (flow: Spectrogram | Tokens) => Value;
  /** How many columns of patches are the clip's own, float32 [batch, 1]. */
  readonly columns: (flow: Tokens) => Value;
  /** One more value of each key, for a 1 of each query, so that none hears of what is absent: [batch, heads, tokens, 1]. */
  readonly keyBias: (flow: Tokens, heads: number) => Value;
}

/**
 * Divided by the root of a head's width, as scores are, it is far enough below any score that its exp is 0 in float32; and float16 holds
 * it, and its sum with a score, so that it is as right in mixed precision.
 */
const absentScore = -30_000;

/**
 * @param frames that are the clip's own, float32 [batch, 1]
 * @param origin of what is written
 */
export const createPresence = (b: Builder, frames: Value, origin: Origin): Presence => {
  const [batch = "batch"] = frames.type.shape;
  const written = new Map<string, Value>();
  /** Each is written once, for whoever asks first. */
  const once = (what: string, flow: Spectrogram | Tokens, write: () => Value): Value => {
    const key = JSON.stringify([what, { ...flow, width: undefined }]);
    const value = written.get(key) ?? b.from(origin, write);
    written.set(key, value);
    return value;
  };
  /** Which of the places that end at `first`, `first + step`, ... frames lie within the clip's: [batch, length]. */
  const within = (first: number, step: number, length: Dim): Value => {
    const ends = progression(b, `length/ends.${first}.${step}`, first, step, [length]);
    return b.cast(b.lessOrEqual(ends, frames), { to: onnxTypeNumbers.float32 });
  };

  /** [batch, columns] */
  const ownColumns = (flow: Tokens): Value =>
    once("columns", { ...flow, order: [] }, () => within(flow.along.patch, flow.along.stride, flow.columns));
  const ofTokens = (flow: Tokens): Value => {
    const { grid, columns, order } = flow;
    const row = b.reshape(ownColumns(flow), { shape: [batch, 1, columns] });
    const all = b.concat(
      Array.from({ length: grid.rows }, () => row),
      { axis: 1 },
    );
    const patches = b.reshape(all, { shape: [batch, product([grid.rows, columns])] });
    const before = order.indexOf(patchesToken);
    return b.pad(patches, b.scalar(1), { pads: [0, before, 0, order.length - 1 - before] });
  };
  const of = (flow: Spectrogram | Tokens): Value =>
    once("all", flow, () => (flow.kind === "tokens" ? ofTokens(flow) : within(1, 1, flow.frames)));

  return {
    of,
    columns: (flow) =>
      once("column-count", { ...flow, order: [] }, () => b.reduceSum(ownColumns(flow), { axes: [1], keepdims: 1 })),
    keyBias: (flow, heads) =>
      once(`key-bias/${heads}`, flow, () => {
        const bias = b.mul(b.sub(b.scalar(1), of(flow)), b.scalar(absentScore));
        const column = b.reshape(bias, { shape: [batch, 1, lengthOf(flow), 1] });
        return b.concat(
          Array.from({ length: heads }, () => column),
          { axis: 1 },
        );
      }),
  };
};
