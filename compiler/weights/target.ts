/** What of a spec decides the shapes of an AST's parameters. */
import type { PatchEmbedding } from "../../spec/dsl/layers.ts";
import type { NormalizedSpec } from "../frontend/normalized-spec.ts";
import type { Grid } from "./adapt-positions.ts";

export interface Target {
  /** Patches along frequency and time. */
  readonly grid: Grid;
  /** Tokens in the order of their positions; "patches" stands for the whole grid. */
  readonly positions: readonly string[];
  readonly depth: number;
}

export const patchesToken = "patches";

const patchGrid = ({ network, features }: NormalizedSpec): Grid => {
  const embedding = network
    .map(({ layer }) => layer)
    .find((layer): layer is PatchEmbedding => layer.kind === "patchEmbedding");
  const along = (axis: "bins" | "frames"): number =>
    embedding ? Math.floor((features[axis] - embedding.patch[axis]) / embedding.stride[axis]) + 1 : 0;
  return { rows: along("bins"), columns: along("frames") };
};

export const describeTarget = (spec: NormalizedSpec): Target => {
  const positions: string[] = [patchesToken];
  for (const { layer } of spec.network) {
    if (layer.kind !== "addTokens") continue;
    if (layer.position === "first") positions.unshift(...layer.names);
    else positions.push(...layer.names);
  }
  const blocks = spec.network.flatMap(({ path }) => /^blocks\.(\d+)\./.exec(path)?.[1] ?? []);
  return { grid: patchGrid(spec), positions, depth: new Set(blocks).size };
};
