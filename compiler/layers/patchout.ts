import { product, sum } from "../artifact/dim.ts";
import type { Patchout } from "../../spec/dsl/layers.ts";
import { patchesToken } from "../artifact/token-layout.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { type Grid, isAnyLength, lengthOf, placesOf, type Tokens } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { LayerRow } from "./layer.ts";

/** What training keeps of each clip: whole rows and columns, and of the patches where these cross so many. */
interface Kept extends Grid {
  readonly patches: number;
}

/** @param out a count, or a share below 1, whose product with the length may be short of a whole number by a rounding */
const without = (length: number, out: number): number => length - (out < 1 ? Math.floor(out * length + 1e-9) : out);

const keptOf = ({ rows = 0, columns = 0, patches = 0 }: Patchout, { grid }: Tokens): Kept => {
  const kept = { rows: without(grid.rows, rows), columns: without(grid.columns, columns) };
  return { ...kept, patches: without(kept.rows * kept.columns, patches) };
};

const parts = ["rows", "columns", "patches"] as const satisfies readonly (keyof Kept)[];

const rule = "a whole number of 0 or more, or a share from 0 to below 1";

/**
 * Of `length` places along the second-last axis those that are drawn, as a product with rows of which each has a single 1: it gives their
 * values as they are, and its gradient goes back to where they came from.
 * @returns [batch, 1 for each axis between, kept, length]
 */
const selection = (b: Builder, name: string, x: Value, length: number, kept: number): Value => {
  const { shape } = x.type;
  const [batch = "batch"] = shape;
  const picks = b.draw(name, { dtype: "float32", shape: [batch, kept] }, { kind: "subset", of: length });
  const between = shape.slice(1, -2).map(() => 1);
  const places = b.constant(
    `patchout/places.${length}`,
    [length],
    Float32Array.from({ length }, (_, place) => place),
  );
  const distance = b.abs(b.sub(b.reshape(picks, { shape: [batch, ...between, kept, 1] }), places));
  return b.relu(b.sub(b.scalar(1), distance));
};

export const patchout: LayerRow<Patchout, Tokens> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { rows: rule, columns: rule, patches: rule });
  },
  takes: ["tokens"],
  absent: "apart",
  flow: ({ layer, takes, isWrong, misfit }) => {
    if (isWrong) return takes;
    if (takes.keptInTraining !== undefined) {
      misfit("patchout-once", "patchout follows another; expected one, which may leave out rows, columns and patches");
      return takes;
    }
    if (isAnyLength(takes)) {
      misfit(
        "patchout-any-length",
        "patchout leaves out as many patches of each clip, so that it needs clips of one length; expected padOrCut",
      );
      return takes;
    }
    const { grid } = takes;
    const kept = keptOf(layer, takes);
    const all: Kept = { ...grid, patches: kept.rows * kept.columns };
    const none = parts.find((what) => kept[what] < 1);
    if (none !== undefined) {
      const message = `patchout leaves out ${all[none] - kept[none]} ${none} of ${all[none]}; expected fewer`;
      misfit("patchout-leaves-some", message, none);
      return takes;
    }
    if (parts.every((what) => layer[what] === undefined))
      misfit("no-effect", "patchout leaves nothing out; expected rows, columns or patches");
    for (const what of parts) {
      const share = layer[what] ?? 0;
      if (share === 0 || kept[what] < all[what]) continue;
      const expected = all[what] === 1 ? "0, as there is no other" : `a share of at least 1/${all[what]}, or a count`;
      misfit(
        "no-effect",
        `patchout leaves out ${share} of ${all[what]} ${what}, which rounds down to 0; expected ${expected}`,
        what,
      );
    }
    return { ...takes, keptInTraining: kept.patches };
  },
  lower: ({ x }) => x,
  lowerForTraining: ({ layer, takes, b, x, path }) => {
    const { grid, width, order } = takes;
    const kept = keptOf(layer, takes);
    const [batch = "batch"] = x.type.shape;
    const { first, count } = placesOf(takes, patchesToken);
    const end = sum([first, count]);
    const part = (from: typeof first, to: typeof end): Value => b.slice(x, { starts: [from], ends: [to], axes: [1] });
    const pick = (from: Value, what: keyof Kept, length: number): Value =>
      kept[what] === length ? from : b.matMul(selection(b, `${path}.${what}`, from, length, kept[what]), from);

    const patches = order.length === 1 ? x : part(first, end);
    const byRow = b.reshape(patches, { shape: [batch, grid.rows, grid.columns * width] });
    const byColumn = b.reshape(pick(byRow, "rows", grid.rows), { shape: [batch, kept.rows, grid.columns, width] });
    const crossings = kept.rows * kept.columns;
    const crossed = b.reshape(pick(byColumn, "columns", grid.columns), { shape: [batch, crossings, width] });
    const picked = pick(crossed, "patches", crossings);

    const before = order.indexOf(patchesToken) > 0 ? [part(0, first)] : [];
    const after = order.at(-1) === patchesToken ? [] : [part(end, lengthOf(takes))];
    return before.length + after.length === 0 ? picked : b.concat([...before, picked, ...after], { axis: 1 });
  },
  facts: ({ layer, takes }) => {
    const { rows, columns, patches } = keptOf(layer, takes);
    const { grid } = takes;
    const drawn = [
      ...(rows === grid.rows ? [] : [rows]),
      ...(columns === grid.columns ? [] : [columns]),
      ...(patches === product([rows, columns]) ? [] : [patches]),
    ];
    return { trainingOnly: true, ...(drawn.length === 0 ? {} : { drawnPerClip: sum(drawn) }) };
  },
};
