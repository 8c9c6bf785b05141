import { mostLength } from "../artifact/dim.ts";
import type { SinCosPositions } from "../../spec/dsl/layers.ts";
import type { Tokens } from "../ir/flow.ts";
import { checkWholeGrid } from "./check-whole-grid.ts";
import type { LayerRow } from "./layer.ts";
import { ofPatches } from "./of-patches.ts";

/** Sines, then cosines, of the places along one axis: [places, width]. */
const waves = (places: number, width: number): readonly (readonly number[])[] =>
  Array.from({ length: places }, (_, place) => {
    const angles = Array.from({ length: width / 2 }, (__, index) => place / 10_000 ** ((2 * index) / width));
    return [...angles.map(Math.sin), ...angles.map(Math.cos)];
  });

export const sinCosPositions: LayerRow<SinCosPositions, Tokens> = {
  takes: ["tokens"],
  absent: "apart",
  flow: (call) => {
    const { layer, takes, misfit } = call;
    const { along = "frequencyAndTime" } = layer;
    const { width } = takes;
    checkWholeGrid(call);
    const divisor = along === "time" ? 2 : 4;
    if (width % divisor !== 0) {
      misfit(
        "waves-divide-width",
        `a width of ${width} cannot be divided among sines and cosines along ${along === "time" ? "time" : "frequency and time"}; ` +
          `expected a multiple of ${divisor}`,
      );
    }
    return takes;
  },
  lower: ({ layer: { along = "frequencyAndTime" }, takes, b, x }) => {
    const { width, grid, columns } = takes;
    const table = (name: string, rows: readonly (readonly number[])[]) =>
      b.constant(`positions/${name}.${rows.length}.${width}`, [1, rows.length, width], Float32Array.from(rows.flat()));
    const most = mostLength(columns);
    const cut = (values: ReturnType<typeof table>) =>
      typeof columns === "number" ? values : b.slice(values, { starts: [0], ends: [columns], axes: [1] });
    if (along === "time") return b.add(x, ofPatches(b, takes, undefined, cut(table("time", waves(most, width)))));
    const none = Array.from({ length: width / 2 }, () => 0);
    const frequency = waves(grid.rows, width / 2).map((row) => [...row, ...none]);
    const time = waves(most, width / 2).map((row) => [...none, ...row]);
    return b.add(x, ofPatches(b, takes, table("frequency-half", frequency), cut(table("time-half", time))));
  },
};
