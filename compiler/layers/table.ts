/** The layer table: every layer of the vocabulary is one row. */
import type { Layer } from "../../spec/dsl/layers.ts";
import { activation } from "./activation.ts";
import { addTokens } from "./add-tokens.ts";
import { attention } from "./attention.ts";
import { attentionPooling } from "./attention-pooling.ts";
import { averagePooling, maxPooling } from "./pooling.ts";
import { batchNorm } from "./batch-norm.ts";
import { convolution } from "./convolution.ts";
import { dense } from "./dense.ts";
import { dropPath } from "./drop-path.ts";
import { dropout } from "./dropout.ts";
import { groupNorm } from "./group-norm.ts";
import { imageToTokens } from "./image-to-tokens.ts";
import type { AnyRow } from "./layer.ts";
import { layerNorm } from "./layer-norm.ts";
import { layerScale } from "./layer-scale.ts";
import { maxOfTokens } from "./max-of-tokens.ts";
import { meanOfPatches, meanOfTokens, meanWithoutTokens } from "./mean-of-tokens.ts";
import { patchEmbedding } from "./patch-embedding.ts";
import { patchout } from "./patchout.ts";
import { positionalEmbedding } from "./positional-embedding.ts";
import { bucketedPositions, relativePositions } from "./relative-positions.ts";
import { repeat } from "./repeat.ts";
import { residual } from "./residual.ts";
import { separatePositions } from "./separate-positions.ts";
import { sinCosPositions } from "./sin-cos-positions.ts";
import { tokenConvolution } from "./token-convolution.ts";
import { squeezeExcite } from "./squeeze-excite.ts";

const rows: { readonly [Kind in Layer["kind"]]: AnyRow<Extract<Layer, { kind: Kind }>> } = {
  activation,
  addTokens,
  attention,
  attentionPooling,
  averagePooling,
  batchNorm,
  bucketedPositions,
  convolution,
  dense,
  dropPath,
  dropout,
  groupNorm,
  imageToTokens,
  layerNorm,
  layerScale,
  maxOfTokens,
  maxPooling,
  meanOfPatches,
  meanOfTokens,
  meanWithoutTokens,
  patchEmbedding,
  patchout,
  positionalEmbedding,
  relativePositions,
  repeat,
  residual,
  separatePositions,
  sinCosPositions,
  squeezeExcite,
  tokenConvolution,
};

export const rowOf = ({ kind }: Layer): AnyRow => rows[kind];

export const isLayer = (value: unknown): value is Layer => {
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  return typeof kind === "string" && Object.hasOwn(rows, kind);
};

/** The function of the vocabulary that makes a layer, as messages call it. */
export const builderName = (layer: Layer): string => rowOf(layer).builder?.(layer) ?? layer.kind;
