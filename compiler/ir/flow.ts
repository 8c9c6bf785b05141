/** What flows between the layers of a network: its form, without values. */
import { type Dim, product, sum, wholeSteps } from "../artifact/dim.ts";
import { patchesToken } from "../artifact/token-layout.ts";

/** Patches along frequency and time. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** Patches along one axis of a spectrogram. */
export const patchesAlong = (length: number, patch: number, stride: number): number =>
  Math.floor((length - patch) / stride) + 1;

/** The same of a length that holds one patch, or that only a run knows. */
export const columnsAlong = (length: Dim, patch: number, stride: number): Dim =>
  typeof length === "number" ? patchesAlong(length, patch, stride) : sum([wholeSteps(length, patch, stride), 1]);

/** [batch, frames, bins] */
export interface Spectrogram {
  readonly kind: "spectrogram";
  /** Only a run knows them where clips have lengths of their own; a clip's are the first ones, and the rest is absent. */
  readonly frames: Dim;
  readonly bins: number;
  /** The frames that positions are held for. */
  readonly heldFrames: number;
}

/** [batch, channels, frames, bins] */
export interface Image {
  readonly kind: "image";
  readonly channels: number;
  readonly frames: number;
  readonly bins: number;
  /** The frames of the spectrogram that a place is made of, and those from one place to the next. */
  readonly along: { readonly patch: number; readonly stride: number };
}

/** [batch, length, width] */
export interface Tokens {
  readonly kind: "tokens";
  /** Patches along time. Only a run knows them where clips have lengths of their own; of each row of patches a clip's are the first ones. */
  readonly columns: Dim;
  readonly width: number;
  /** A patch's frames, and those from one patch to the next. */
  readonly along: { readonly patch: number; readonly stride: number };
  /** The patches that positions are held for. */
  readonly grid: Grid;
  /** The added tokens by name, in their order; "patches" stands for the whole grid. */
  readonly order: readonly string[];
  /** Of the patches those that a patchout keeps while training, which are others of each clip; undefined: all. */
  readonly keptInTraining?: number;
  /** Where relative positions reach it: what they leave beside it, by the path of their layer, for these tokens. */
  readonly relative?: { readonly path: string; readonly heads: number; readonly order: readonly string[] };
  /** As many patches as there are where that is not the whole grid. */
  readonly kept?: number;
}

/** [batch, width] */
export interface Vector {
  readonly kind: "vector";
  readonly width: number;
}

export type Flow = Spectrogram | Image | Tokens | Vector;

/** What flows, for messages. */
export const flowDescriptions: { readonly [Kind in Flow["kind"]]: string } = {
  spectrogram: "a spectrogram [batch, frames, bins]",
  image: "an image [batch, channels, frames, bins]",
  tokens: "a sequence [batch, tokens, width]",
  vector: "a vector [batch, width]",
};

/** Whether clips have lengths of their own: then some of what flows is absent of the shorter ones. */
export const isAnyLength = (flow: Flow): boolean => {
  switch (flow.kind) {
    case "spectrogram":
      return typeof flow.frames !== "number";
    case "tokens":
      return typeof flow.columns !== "number";
    case "image":
    case "vector":
      return false;
  }
};

const patchCount = ({ grid, columns, kept }: Tokens): Dim => kept ?? product([grid.rows, columns]);

/** What flows there while training. */
export const inTraining = (flow: Flow): Flow =>
  flow.kind === "tokens" && flow.keptInTraining !== undefined ? { ...flow, kept: flow.keptInTraining } : flow;

/** All of a sequence. */
export const lengthOf = (flow: Tokens): Dim => sum([patchCount(flow), flow.order.length - 1]);

/** The sequence that positions are held for. */
export const heldFlow = (flow: Tokens): Tokens => ({ ...flow, columns: flow.grid.columns });

/** The places of a token, or of the patches, along the sequence: one after the other from `first` on. */
export const placesOf = (flow: Tokens, token: string): { readonly first: Dim; readonly count: Dim } => {
  const { order } = flow;
  const [index, before] = [order.indexOf(token), order.indexOf(patchesToken)];
  return {
    first: index > before ? sum([index - 1, patchCount(flow)]) : index,
    count: token === patchesToken ? patchCount(flow) : 1,
  };
};

/** What a layer for each channel holds one value of. */
export const channelsOf = (flow: Flow): number => {
  switch (flow.kind) {
    case "spectrogram":
      return flow.bins;
    case "image":
      return flow.channels;
    case "tokens":
    case "vector":
      return flow.width;
  }
};

/** Values of one channel in one clip; only a run knows how many it has of clips that have lengths of their own. */
export const placesPerChannel = (flow: Flow): Dim =>
  product(flow.kind === "image" ? [flow.frames, flow.bins] : lengthsOf(flow).slice(0, -1));

/** The shape of what flows, but for the batch. */
export const lengthsOf = (flow: Flow): readonly Dim[] => {
  switch (flow.kind) {
    case "spectrogram":
      return [flow.frames, flow.bins];
    case "image":
      return [flow.channels, flow.frames, flow.bins];
    case "tokens":
      return [lengthOf(flow), flow.width];
    case "vector":
      return [flow.width];
  }
};
