/** How a model's parameters are to be read: what their shapes alone do not tell. */
import type { Flow, Grid, Tokens } from "../../ir/flow.ts";
import type { NormalizedFeatures, NormalizedSpec } from "../../ir/normalized-spec.ts";
import { type LayerFacts, type PlacedLayer, withInner } from "../../ir/placed-layer.ts";

/** Where a norm may stand, in words. */
export const placeNames = {
  beforeBlocks: "before the blocks",
  beforePooling: "before the mean of the tokens",
  afterPooling: "after the mean of the tokens",
} as const;
export type NormPlace = keyof typeof placeNames;

/** What the features are made with, beyond what every graph tells of them. */
export type Filters = Pick<
  NormalizedFeatures,
  | "removeMean"
  | "gain"
  | "emphasis"
  | "window"
  | "lowHz"
  | "highHz"
  | "preemphasis"
  | "stft"
  | "compression"
  | "perClip"
> & { readonly fill: number };

export interface Geometry {
  /** Patches along frequency and time. */
  readonly grid: Grid;
  /** How patches are cut; absent where there are none. */
  readonly patching?: Required<Pick<LayerFacts, "patch" | "stride">>;
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

/** Whether a layer is in a block: `repeat` calls them so. */
export const isBlock = ({ path }: PlacedLayer): boolean => /^blocks\.\d+\./.test(path);

const normPlace = (network: readonly PlacedLayer[]): NormPlace | undefined => {
  const norm = network.findIndex((placed) => placed.facts.layerNormEps !== undefined && !isBlock(placed));
  if (norm < 0) return undefined;
  if (norm < network.findIndex(isBlock)) return "beforeBlocks";
  return norm < network.findIndex(({ facts }) => facts.pooling) ? "beforePooling" : "afterPooling";
};

/** What all that tell it agree on. */
const agreed = <T>(values: readonly (T | undefined)[]): T | undefined => {
  const [value, ...others] = new Set(values.filter((each) => each !== undefined));
  return others.length > 0 ? undefined : value;
};

const isTokens = (flow: Flow): flow is Tokens => flow.kind === "tokens";

export const filtersOf = (features: NormalizedFeatures): Filters => {
  const { removeMean, gain, emphasis, window, lowHz, highHz, preemphasis, stft, compression, perClip } = features;
  const fill = features.fill ?? 0;
  return { removeMean, gain, emphasis, window, lowHz, highHz, preemphasis, stft, compression, perClip, fill };
};

export const describeGeometry = ({ network, features }: NormalizedSpec): Geometry => {
  const sequences = network.map(({ gives }) => gives).filter(isTokens);
  const [first, last] = [sequences[0], sequences.at(-1)];
  const blocks = network.flatMap(({ path }) => /^blocks\.(\d+)\./.exec(path)?.[1] ?? []);
  const { patch, stride } = network.find(({ facts }) => facts.patch)?.facts ?? {};
  const heads = agreed(withInner(network).map(({ facts }) => facts.heads));
  const activation = agreed(withInner(network.filter(isBlock)).map(({ facts }) => facts.activation));
  const norm = normPlace(network);
  const classifier = network.findLast(({ facts }) => facts.units !== undefined)?.path;
  const pooling = network.find(({ facts }) => facts.pooling)?.facts.pooling;
  return {
    grid: first?.grid ?? { rows: 0, columns: 0 },
    ...(patch && stride ? { patching: { patch, stride } } : {}),
    positions: last?.order ?? [],
    depth: new Set(blocks).size,
    width: first?.width ?? 0,
    ...(heads === undefined ? {} : { heads }),
    ...(norm === undefined ? {} : { norm }),
    ...(pooling === undefined ? {} : { pooling }),
    ...(classifier === undefined ? {} : { classifier }),
    ...(activation === undefined ? {} : { activation }),
    filters: filtersOf(features),
  };
};
