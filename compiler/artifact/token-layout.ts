/** Where a network's tokens lie in a spectrogram, and which of them its head reads: what all that look into it ask of the metadata. */
import * as v from "valibot";
import type { onnx } from "./onnx.ts";
import { geometryKey } from "./metadata.ts";
import { count, type Immutable, nameList, oneOf, real, record, text } from "./schemas.ts";

/** Stands for all patches in the order of tokens. */
export const patchesToken = "patches";

/** A length along the two axes of a spectrogram. */
const extent = record({ bins: count, frames: count });

/** What the property `specgraph.geometry` tells of it, among others. */
const tokenLayoutSchema = record({
  /** Patches along frequency and time; where clips have lengths of their own, those that positions are held for. */
  grid: record({ rows: count, columns: count }),
  /** A patch's lengths, and from one patch to the next. */
  patching: record({ patch: extent, stride: extent }),
  /** Tokens in the order of their positions; `patchesToken` stands for the whole grid, by frequency, then time. */
  positions: nameList,
  /** The tokens whose mean is classified, named as in `positions`. */
  pooling: nameList,
  /** The path of the last dense layer; missing where there is none. */
  classifier: v.optional(text()),
  /** Of the mel filters; `stft` is missing, or null, of Kaldi's. */
  filters: record({
    lowHz: real,
    highHz: real,
    stft: v.nullish(record({ melScale: oneOf("htk", "slaney", "kaldi") }), null),
  }),
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
