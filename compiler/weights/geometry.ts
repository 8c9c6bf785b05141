/** How a model's parameters are to be read: what their shapes alone do not tell. */
import type { PatchEmbedding } from "../../spec/dsl/layers.ts";
import type { NormalizedFeatures, NormalizedSpec, PlacedLayer } from "../ir/normalized-spec.ts";
import type { Grid } from "./adapt-positions.ts";

/** Where a norm may stand, in words. */
export const placeNames = {
  beforeBlocks: "before the blocks",
  beforePooling: "before the mean of the tokens",
  afterPooling: "after the mean of the tokens",
} as const;
export type NormPlace = keyof typeof placeNames;

/** What the features are made with, beyond what every graph tells of them. */
export type Filters = Pick<NormalizedFeatures, "removeMean" | "window" | "lowHz" | "highHz" | "preemphasis">;

export interface Geometry {
  /** Patches along frequency and time. */
  readonly grid: Grid;
  /** Tokens in the order of their positions; "patches" stands for the whole grid. */
  readonly positions: readonly string[];
  readonly depth: number;
  readonly width: number;
  /** Of every block; absent where they differ or there are none. */
  readonly heads?: number;
  /** Where the first norm outside the blocks stands, the reference's `v.norm`; absent where there is none. */
  readonly norm?: NormPlace;
  /** The tokens whose mean is classified, named as in `positions`; absent where there is no mean. */
  readonly pooling?: readonly string[];
  /** The path of the layer whose outputs are the classes. */
  readonly classifier?: string;
  /** Of every block; absent where they differ or there are none. */
  readonly activation?: string;
  readonly filters: Filters;
}

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

const activationsOf = ({ layer, inner }: PlacedLayer): readonly string[] =>
  layer.kind === "activation" ? [layer.name] : inner.flatMap(activationsOf);

const isBlock = ({ path }: PlacedLayer): boolean => /^blocks\.\d+\./.test(path);
const isPooling = ({ layer }: PlacedLayer): boolean => layer.kind === "meanOfTokens" || layer.kind === "meanOfPatches";

const normPlace = ({ network }: NormalizedSpec): NormPlace | undefined => {
  const norm = network.findIndex((placed) => placed.layer.kind === "layerNorm" && !isBlock(placed));
  if (norm < 0) return undefined;
  if (norm < network.findIndex(isBlock)) return "beforeBlocks";
  return norm < network.findIndex(isPooling) ? "beforePooling" : "afterPooling";
};

const pooledTokens = ({ network }: NormalizedSpec, positions: readonly string[]): readonly string[] | undefined => {
  const layer = network.find(isPooling)?.layer;
  if (layer?.kind === "meanOfPatches") return [patchesToken];
  if (layer?.kind !== "meanOfTokens") return undefined;
  return layer.names.length > 0 ? layer.names : positions;
};

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
  const [activation, ...otherActivations] = new Set(spec.network.filter(isBlock).flatMap(activationsOf));
  const norm = normPlace(spec);
  const classifier = spec.network.findLast(({ layer }) => layer.kind === "dense")?.path;
  const pooling = pooledTokens(spec, positions);
  const { removeMean, window, lowHz, highHz, preemphasis } = spec.features;
  return {
    grid: embedding ? patchGrid(spec, embedding) : { rows: 0, columns: 0 },
    positions,
    depth: new Set(blocks).size,
    width: embedding?.width ?? 0,
    ...(heads === undefined || otherHeads.length > 0 ? {} : { heads }),
    ...(norm === undefined ? {} : { norm }),
    ...(pooling === undefined ? {} : { pooling }),
    ...(classifier === undefined ? {} : { classifier }),
    ...(activation === undefined || otherActivations.length > 0 ? {} : { activation }),
    filters: { removeMean, window, lowHz, highHz, preemphasis },
  };
};
