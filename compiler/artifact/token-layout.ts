/** Where a network's tokens lie in a spectrogram, and which of them its head reads: what all that look into it ask of the metadata. */
import * as v from "valibot";
import type { onnx } from "./onnx.ts";
import { geometryKey } from "./metadata.ts";
import { count, type Immutable, nameList, real, record, text } from "./schemas.ts";

/** Stands for all patches in the order of tokens. */
export const patchesToken = "patches";

/** What the property `specgraph.geometry` tells of it, among others. */
const tokenLayoutSchema = record({
  /** Patches along frequency and time. */
  grid: record({ rows: count, columns: count }),
  /** Tokens in the order of their positions; `patchesToken` stands for the whole grid, by frequency, then time. */
  positions: nameList,
  /** The tokens whose mean is classified, named as in `positions`. */
  pooling: nameList,
  /** The path of the last dense layer; missing where there is none. */
  classifier: v.optional(text()),
  filters: record({ lowHz: real, highHz: real }),
});

export type TokenLayout = Immutable<v.InferOutput<typeof tokenLayoutSchema>>;

/** @returns undefined where the model does not tell it, as one that another compiler wrote */
export const readTokenLayout = ({ metadataProps }: onnx.IModelProto): TokenLayout | undefined => {
  const printed = metadataProps?.find(({ key }) => key === geometryKey)?.value ?? "";
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), tokenLayoutSchema), printed);
  return parsed.success ? parsed.output : undefined;
};

/** How many places each name of `positions` takes, and the first of them. */
export const placesOfTokens = ({
  grid: { rows, columns },
  positions,
}: TokenLayout): ReadonlyMap<string, { readonly first: number; readonly count: number }> => {
  let first = 0;
  const places = new Map<string, { readonly first: number; readonly count: number }>();
  for (const name of positions) {
    const taken = { first, count: name === patchesToken ? rows * columns : 1 };
    places.set(name, taken);
    first += taken.count;
  }
  return places;
};

/** A length along the two axes of a spectrogram. */
interface Extent {
  readonly bins: number;
  readonly frames: number;
}

export interface Patching {
  readonly patch: Extent;
  /** From one patch to the next. */
  readonly stride: Extent;
}

const asIntegers = (bytes: Uint8Array): readonly number[] =>
  Array.from(new BigInt64Array(Uint8Array.from(bytes).buffer), Number);

/** How the first layer cuts a spectrogram: its weight is [width, 1, bins, frames], and where patches overlap, their places are gathered. */
export const readPatching = ({ graph }: onnx.IModelProto): Patching | undefined => {
  const { initializer = [], node = [] } = graph ?? {};
  const weight = initializer?.find(({ name, dims }) => name?.endsWith(".weight") && dims?.length === 4);
  const [, , bins = 0, frames = 0] = (weight?.dims ?? []).map(Number);
  if (!weight?.name || bins === 0 || frames === 0) return undefined;
  const layer = `forward/${weight.name.slice(0, -".weight".length)}/`;
  const strideAlong = (axis: number, patch: number): number => {
    const gather = node?.find(
      ({ opType, output, attribute }) =>
        opType === "Gather" &&
        output?.[0]?.startsWith(layer) === true &&
        attribute?.some(({ name, i }) => name === "axis" && Number(i) === axis) === true,
    );
    const places = initializer?.find(({ name }) => name === gather?.input?.[1])?.rawData;
    const [first = 0, ...others] = places ? asIntegers(places) : [];
    return (others[patch - 1] ?? first + patch) - first;
  };
  return { patch: { bins, frames }, stride: { bins: strideAlong(2, bins), frames: strideAlong(1, frames) } };
};
