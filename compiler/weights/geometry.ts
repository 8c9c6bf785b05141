/** How a model's parameters are to be read: what their shapes alone do not tell. */
import type { PatchEmbedding } from "../../spec/dsl/layers.ts";
import type { NormalizedSpec, PlacedLayer } from "../frontend/normalized-spec.ts";
import type { Grid } from "./adapt-positions.ts";

export interface Geometry {
  /** Patches along frequency and time. */
  readonly grid: Grid;
  /** Tokens in the order of their positions; "patches" stands for the whole grid. */
  readonly positions: readonly string[];
  readonly depth: number;
  readonly width: number;
  /** Of every block; absent where they differ or there are none. */
  readonly heads?: number;
}

/** What a checkpoint tells of its own. */
export type SourceGeometry = Partial<Pick<Geometry, "grid" | "positions" | "heads">>;

export const patchesToken = "patches";

/** Patches along one axis of the spectrogram. */
export const patchesAlong = (length: number, patch: number, stride: number): number =>
  Math.floor((length - patch) / stride) + 1;

const patchGrid = ({ features }: NormalizedSpec, { patch, stride }: PatchEmbedding): Grid => ({
  rows: patchesAlong(features.bins, patch.bins, stride.bins),
  columns: patchesAlong(features.frames, patch.frames, stride.frames),
});

const headsOf = ({ layer, inner }: PlacedLayer): readonly number[] =>
  layer.kind === "attention" ? [layer.heads] : inner.flatMap(headsOf);

export const describeGeometry = (spec: NormalizedSpec): Geometry => {
  const layers = spec.network.map(({ layer }) => layer);
  const embedding = layers.find((layer): layer is PatchEmbedding => layer.kind === "patchEmbedding");
  const positions: string[] = [patchesToken];
  for (const layer of layers) {
    if (layer.kind !== "addTokens") continue;
    if (layer.position === "first") positions.unshift(...layer.names);
    else positions.push(...layer.names);
  }
  const blocks = spec.network.flatMap(({ path }) => /^blocks\.(\d+)\./.exec(path)?.[1] ?? []);
  const [heads, ...otherHeads] = new Set(spec.network.flatMap(headsOf));
  return {
    grid: embedding ? patchGrid(spec, embedding) : { rows: 0, columns: 0 },
    positions,
    depth: new Set(blocks).size,
    width: embedding?.width ?? 0,
    ...(heads === undefined || otherHeads.length > 0 ? {} : { heads }),
  };
};
