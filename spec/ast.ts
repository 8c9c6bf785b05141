/**
 * The Audio Spectrogram Transformer (Gong, Chung, Glass: "AST: Audio Spectrogram Transformer", Interspeech 2021).
 * The default export is the paper's AudioSet model: base, 16x16 patches, stride 10, ten seconds, 527 classes.
 */
import {
  adam,
  anyLength,
  appendTokens,
  attention,
  type Checkpoint,
  checkpoint,
  dense,
  type Extent,
  type FromCheckpoint,
  gelu,
  kaldiFbank,
  layerNorm,
  meanOfTokens,
  type Model,
  model,
  multiLabel,
  normalize,
  numbered,
  type Objective,
  padOrCut,
  patchEmbedding,
  positionalEmbedding,
  prependTokens,
  removeMean,
  repeat,
  residual,
  sequential,
  type Statistics,
  type Training,
  uniformFanIn,
  waveform,
} from "specgraph";

/** DeiT's sizes; the number is the side of the images that the ImageNet checkpoint saw. */
export const sizes = {
  tiny224: { width: 192, depth: 12, heads: 3 },
  small224: { width: 384, depth: 12, heads: 6 },
  base224: { width: 768, depth: 12, heads: 12 },
  base384: { width: 768, depth: 12, heads: 12 },
} as const;

/** Mean and deviation of the log-mel features over the training set (section 3.1; the reference's recipes). */
export const statistics = {
  audioSet: { mean: -4.2677393, std: 4.5689974 },
  esc50: { mean: -6.6268077, std: 5.358466 },
  speechCommands: { mean: -6.845978, std: 5.5654526 },
} as const;

/** A pre-norm transformer block (section 2.1). */
const block = (width: number, heads: number) =>
  sequential(
    residual(layerNorm({ eps: 1e-6 }), attention({ heads })),
    residual(layerNorm({ eps: 1e-6 }), dense(4 * width), gelu(), dense(width)),
  );

const extent = (size: Extent | number): Extent => (typeof size === "number" ? { bins: size, frames: size } : size);

/** What varies within the family. Every default is the paper's AudioSet model. */
export interface AstOptions {
  /** By which graphs and reports call it. Default "ast". */
  readonly name?: string;
  /** The length of a token's vector, the number of blocks, and the heads of each. Default `sizes.base384`. */
  readonly size?: {
    /** The length of a token's vector. The paper's is 768. */
    readonly width: number;
    /** Blocks. The paper's are 12. */
    readonly depth: number;
    /** Heads of each block's attention, a divisor of the width. The paper's are 12. */
    readonly heads: number;
  };
  /** A patch's size; a number is that of both sides. Default 16 bins by 16 frames. */
  readonly patch?: Extent | number;
  /**
   * From one patch to the next; smaller than the patch, they overlap; a number is that of both ways. Default 10 by 10, which AudioSet needs
   * for its best result.
   */
  readonly stride?: Extent | number;
  /** The length that the network sees, in frames of 10 ms; with `length: "any"` the one that its positions are held for. Default 1024. */
  readonly frames?: number;
  /**
   * "fixed": clips are cut or filled up to `frames`, as the paper's are. "any": each is heard in its own length, from one patch to `most`
   * frames. Default "fixed".
   */
  readonly length?: "fixed" | "any";
  /** The longest clip that is heard with `length: "any"`, in frames. Default 3072, about 30 s, or `frames` if these are more. */
  readonly most?: number;
  /** Of the data set's log-mel, or `fromCheckpoint()`. Default `statistics.audioSet`. */
  readonly statistics?: Statistics | FromCheckpoint;
  /** One learned token, as ViT, or two, as distilled DeiT; the head takes their mean. Default ["cls", "dist"]. */
  readonly tokens?: readonly ["cls"] | readonly ["cls", "dist"];
  /**
   * Where the learned tokens stand among the patches. As attention knows places by their positions alone, both are one model, whose
   * positions are in another order. Default "first", as in ViT.
   */
  readonly tokensAt?: "first" | "last";
  /** The classes and the loss. Default: AudioSet's 527 by number, several a clip. */
  readonly objective?: Objective;
  /** The recipe. Default: Adam with a rate of 1e-5, 12 clips in a step, 5 epochs; `spec/recipes/` has the paper's in full. */
  readonly training?: Training;
  /** Weights to start from; "none": random ones. Default `checkpoint()`, which leaves the choice to `--weights`. */
  readonly pretrained?: Checkpoint | "none";
  /** Seeds the initial parameters and the order of clips. Default 0. */
  readonly seed?: number;
}

/** The Audio Spectrogram Transformer (section 2); without options the paper's AudioSet model. */
export const ast = ({
  name = "ast",
  size = sizes.base384,
  patch = { bins: 16, frames: 16 },
  stride = { bins: 10, frames: 10 },
  frames = 1024,
  length = "fixed",
  most = Math.max(3072, frames),
  statistics: features = statistics.audioSet,
  tokens = ["cls", "dist"],
  tokensAt = "first",
  objective = multiLabel({ classes: numbered(527) }),
  training = {
    optimizer: adam({ learningRate: 1e-5, betas: [0.95, 0.999], weightDecay: 5e-7 }),
    batch: 12,
    epochs: 5,
  },
  pretrained = checkpoint(),
  seed = 0,
}: AstOptions = {}): Model =>
  model({
    name,
    input: waveform({ sampleRateHz: 16_000 }),
    features: [
      removeMean(),
      kaldiFbank({ bins: 128, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }),
      length === "any" ? anyLength({ frames, least: extent(patch).frames, most }) : padOrCut({ frames }),
      normalize("from" in features ? features : { ...features, to: 0.5 }),
    ],
    network: [
      patchEmbedding({ patch: extent(patch), stride: extent(stride), width: size.width }), // [batch, frames, bins] -> [batch, tokens, width]
      tokensAt === "first" ? prependTokens(...tokens) : appendTokens(...tokens),
      positionalEmbedding(),
      repeat(size.depth, block(size.width, size.heads)),
      layerNorm({ eps: 1e-6 }),
      meanOfTokens(...tokens), // [batch, tokens, width] -> [batch, width]
      layerNorm({ eps: 1e-5 }),
      dense("classes", { init: uniformFanIn() }), // [batch, classes]
    ],
    objective,
    training,
    ...(pretrained === "none" ? {} : { pretrained }),
    seed,
  });

export default ast();
