import { product } from "../artifact/dim.ts";
import { patchesToken } from "../artifact/token-layout.ts";
import type { Tokens } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";

/**
 * What each patch has by its frequency and by its time, of all tokens: [clips, tokens, width]; those that were added have 0.
 * @param frequency [1, rows, width]; undefined: nothing
 * @param time [1 or batch, columns, width]
 */
export const ofPatches = (
  b: Builder,
  { grid: { rows }, columns, width, order }: Tokens,
  frequency: Value | undefined,
  time: Value,
): Value => {
  const [clips = 1] = time.type.shape;
  const byRow =
    frequency ?? b.constant(`positions/none.${rows}.${width}`, [1, rows, width], new Float32Array(rows * width));
  const grid = b.add(
    b.reshape(byRow, { shape: [1, rows, 1, width] }),
    b.reshape(time, { shape: [clips, 1, columns, width] }),
  );
  const patches = b.reshape(grid, { shape: [clips, product([rows, columns]), width] });
  const before = order.indexOf(patchesToken);
  const after = order.length - 1 - before;
  return order.length === 1 ? patches : b.pad(patches, b.scalar(0), { pads: [0, before, 0, 0, after, 0] });
};
