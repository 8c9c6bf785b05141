/** What flows between the layers of a network: its form, without values. */
import { patchesToken } from "../artifact/token-layout.ts";

/** Patches along frequency and time. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** Patches along one axis of a spectrogram. */
export const patchesAlong = (length: number, patch: number, stride: number): number =>
  Math.floor((length - patch) / stride) + 1;

/** [batch, frames, bins] */
export interface Spectrogram {
  readonly kind: "spectrogram";
  readonly frames: number;
  readonly bins: number;
}

/** [batch, length, width] */
export interface Tokens {
  readonly kind: "tokens";
  readonly length: number;
  readonly width: number;
  readonly grid: Grid;
  /** The added tokens by name, in their order; "patches" stands for the whole grid. */
  readonly order: readonly string[];
}

/** [batch, width] */
export interface Vector {
  readonly kind: "vector";
  readonly width: number;
}

export type Flow = Spectrogram | Tokens | Vector;

/** What flows, for messages. */
export const flowDescriptions: { readonly [Kind in Flow["kind"]]: string } = {
  spectrogram: "a spectrogram [batch, frames, bins]",
  tokens: "a sequence [batch, tokens, width]",
  vector: "a vector [batch, width]",
};

/** The places of a token, or of the patches, along the sequence: one after the other from `first` on. */
export const placesOf = (
  { grid, order }: Tokens,
  token: string,
): { readonly first: number; readonly count: number } => {
  const patches = grid.rows * grid.columns;
  const [index, before] = [order.indexOf(token), order.indexOf(patchesToken)];
  return {
    first: index > before ? index - 1 + patches : index,
    count: token === patchesToken ? patches : 1,
  };
};

/** The shape of what flows, but for the batch. */
export const lengthsOf = (flow: Flow): readonly number[] => {
  switch (flow.kind) {
    case "spectrogram":
      return [flow.frames, flow.bins];
    case "tokens":
      return [flow.length, flow.width];
    case "vector":
      return [flow.width];
  }
};
