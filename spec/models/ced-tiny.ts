/**
 * CED-tiny (Dinkel, Wang, Yan, Zhang, Wang: "CED: Consistent ensemble distillation for audio tagging", ICASSP 2024): 5.5 million parameters,
 * 252 patches of 10.12 s. Its features are torchaudio's, as decibels, normalised bin by bin by what training has seen; positions are by
 * frequency and by time, and no token but the patches is classified. As its authors' code has it, but for two things: of a clip that is shorter
 * than the positions are held for it takes the first of these, and here they are cut from the middle; and it learns from the scores of larger
 * models, where this recipe is the usual fine-tuning.
 */
import {
  adamW,
  anyLength,
  attention,
  batchNorm,
  decibels,
  dense,
  gelu,
  layerNorm,
  type Layers,
  meanOfPatches,
  melSpectrogram,
  type Model,
  model,
  multiLabel,
  numbered,
  type Objective,
  patchEmbedding,
  repeat,
  residual,
  separatePositions,
  type Training,
  uniformFanIn,
  waveform,
} from "specgraph";

/** What varies within the family. */
export interface CedOptions {
  /** By which graphs and reports call it. Default "ced-tiny". */
  readonly name?: string;
  /** The length of a token's vector, the number of blocks, and the heads of each. Default CED-tiny's: 192, 12 and 3. */
  readonly size?: { readonly width: number; readonly depth: number; readonly heads: number };
  /** The longest clip that is heard, in frames of 10 ms, and what positions are held for. Default 1012. */
  readonly frames?: number;
  /** The classes and the loss. Default: AudioSet's 527 by number, several a clip. */
  readonly objective?: Objective;
  /** The recipe. Default: AdamW with a rate of 3e-4, 32 clips in a step, 10 epochs. */
  readonly training?: Training;
}

const block = (width: number, heads: number): Layers => [
  residual(layerNorm({ eps: 1e-6 }), attention({ heads })),
  residual(layerNorm({ eps: 1e-6 }), dense(4 * width), gelu(), dense(width)),
];

/** CED; without options CED-tiny for AudioSet. */
export const ced = ({
  name = "ced-tiny",
  size = { width: 192, depth: 12, heads: 3 },
  frames = 1012,
  objective = multiLabel({ classes: numbered(527) }),
  training = { optimizer: adamW({ learningRate: 3e-4 }), batch: 32, epochs: 10 },
}: CedOptions = {}): Model =>
  model({
    name,
    input: waveform({ sampleRateHz: 16_000 }),
    features: [
      melSpectrogram({ bins: 64, fftSamples: 512, hopSamples: 160 }),
      decibels({ topDb: 120 }),
      anyLength({ frames, least: 16, most: frames, fill: -100 }), // dB, silence,
    ],
    network: [
      batchNorm({ momentum: 0.01 }), // bin by bin
      patchEmbedding({ patch: { bins: 16, frames: 16 }, stride: { bins: 16, frames: 16 }, width: size.width }),
      separatePositions(),
      repeat(size.depth, block(size.width, size.heads)),
      layerNorm({ eps: 1e-6 }),
      meanOfPatches(), // [batch, tokens, width] -> [batch, width]
      layerNorm({ eps: 1e-5 }),
      dense("classes", { init: uniformFanIn() }),
    ],
    objective,
    training,
  });

export default ced();
