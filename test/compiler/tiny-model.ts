/** A small model that compiles quickly; specs of tests change parts of it. */
import {
  adam,
  attention,
  dense,
  gelu,
  kaldiFbank,
  layerNorm,
  type Layers,
  meanOfTokens,
  type Model,
  model,
  normalize,
  padOrCut,
  patchEmbedding,
  positionalEmbedding,
  prependTokens,
  removeMean,
  repeat,
  residual,
  singleLabel,
  waveform,
} from "specgraph";

export const tinyNetwork = (): Layers => [
  patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 }),
  prependTokens("cls"),
  positionalEmbedding(),
  repeat(2, [
    residual(layerNorm({ eps: 1e-6 }), attention({ heads: 2 })),
    residual(layerNorm({ eps: 1e-6 }), dense(16), gelu(), dense(8)),
  ]),
  layerNorm({ eps: 1e-6 }),
  meanOfTokens("cls"),
  dense("classes"),
];

export const tiny = (changes: Partial<Omit<Model, "kind">> = {}): Model =>
  model({
    name: "tiny",
    input: waveform({ sampleRateHz: 16_000 }),
    features: [
      removeMean(),
      kaldiFbank({ bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }),
      padOrCut({ frames: 24 }),
      normalize({ mean: -4, std: 4 }),
    ],
    network: tinyNetwork(),
    objective: singleLabel({ classes: ["no", "yes"] }),
    training: { optimizer: adam({ learningRate: 1e-3 }), batch: 2, epochs: 1 },
    ...changes,
  });
