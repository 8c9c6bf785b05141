/** The network's vocabulary. Layers compose as arrays: a network is a list of layers, and so is a block. */
import type { FittingLayers, ToldOnce } from "./flow.ts";
import type { Initializer } from "./initializers.ts";

/**
 * A layer, or a list of layers applied in turn. A list of this type does not tell its layers to the editor: whether they fit is seen when
 * the spec is compiled.
 */
export type Layers = readonly (Layer | Layers)[];

/**
 * Layers applied in turn, as a list of a type that tells them (as `torch.nn.Sequential`): what a function returns that makes a block, so
 * that the editor knows whether it fits where it is used.
 * @param layers In order
 */
export const sequential = <const L extends readonly unknown[]>(...layers: FittingLayers<L>): ToldOnce<L, Layers> =>
  layers as unknown as ToldOnce<L, Layers>;

/** A length along the two axes of a spectrogram. */
export interface Extent {
  /** Along frequency. */
  readonly bins: number;
  /** Along time. */
  readonly frames: number;
}

/**
 * Cuts the spectrogram into overlapping patches and projects each linearly:
 * [batch, frames, bins] -> [batch, tokens, width], tokens ordered by frequency, then time.
 * Per axis, tokens = floor((length - patch) / stride) + 1. Parameters: weight [width, 1, bins, frames], bias [width].
 */
export interface PatchEmbedding {
  readonly kind: "patchEmbedding";
  /** A patch's size. The paper's is 16 by 16 (section 2.1). */
  readonly patch: Extent;
  /** From one patch to the next; smaller than the patch, they overlap. The paper's is 10 by 10 (section 2.1). */
  readonly stride: Extent;
  /** The length of a token's vector. The paper's is 768. */
  readonly width: number;
  /** How the projection starts. Default `uniformFanIn()`. */
  readonly init?: Initializer;
}
export const patchEmbedding = (options: Omit<PatchEmbedding, "kind">): PatchEmbedding => ({
  kind: "patchEmbedding",
  ...options,
});

/**
 * Convolution over frames and bins: a spectrogram [batch, frames, bins], which is an image of one channel, or an image [batch, channels,
 * frames, bins] -> an image (`torch.nn.Conv2d`). All clips have one length (`padOrCut`).
 * Parameters: weight [channels, channels that it takes / groups, frames, bins], bias [channels].
 */
export interface Convolution {
  readonly kind: "convolution";
  /** Of the result. Default: as many as it takes. */
  readonly channels?: number;
  /** What each value is made of. */
  readonly kernel: Extent;
  /** From one value to the next. Default 1 by 1. */
  readonly stride?: Extent;
  /**
   * "same": zeros around the image, kernel - 1 along each axis, of an even kernel one more before it than after it, so that with a stride of 1
   * the image keeps its size, and with one of s has length / s, rounded up. "none": only where the kernel fits. Default "same".
   */
  readonly padding?: "same" | "none";
  /**
   * Into how many groups the channels fall, each of which is convolved for itself: a divisor of those that it takes and those that it
   * gives. "channels": each channel by itself. Default 1.
   */
  readonly groups?: number | "channels";
  /** How the weight starts. Default `uniformFanIn()`, PyTorch's, and then the bias, too; otherwise that is zero. */
  readonly init?: Initializer;
}
export const convolution = (options: Omit<Convolution, "kind">): Convolution => ({ kind: "convolution", ...options });

/**
 * A convolution of each channel by itself, which a convolution of 1 by 1 mixes then: together depthwise separable (Howard et al. 2017,
 * "MobileNets", section 3.1).
 */
export const depthwiseConvolution = (
  options: Omit<Convolution, "kind" | "groups" | "channels">,
): Convolution & { readonly groups: "channels" } => ({
  kind: "convolution",
  groups: "channels",
  ...options,
});

/**
 * The mean of each part of an image, parts side by side: [batch, channels, frames, bins] -> [batch, channels, frames / size, bins / size],
 * what does not fill a part at the end left out (`torch.nn.AvgPool2d`).
 */
export interface AveragePooling {
  readonly kind: "averagePooling";
  /** Of a part. */
  readonly size: Extent;
}
export const averagePooling = (options: Omit<AveragePooling, "kind">): AveragePooling => ({
  kind: "averagePooling",
  ...options,
});

/** The greatest value of each part of an image, as `averagePooling` has them (`torch.nn.MaxPool2d`). */
export interface MaxPooling {
  readonly kind: "maxPooling";
  /** Of a part. */
  readonly size: Extent;
}
export const maxPooling = (options: Omit<MaxPooling, "kind">): MaxPooling => ({ kind: "maxPooling", ...options });

/**
 * Each place of an image as a token, its channels as its values, ordered by frequency, then time: [batch, channels, frames, bins] ->
 * [batch, bins * frames, channels]. So an image ends in a vector: by `meanOfTokens`, `maxOfTokens` or `attentionPooling`; or blocks with
 * attention follow.
 */
export interface ImageToTokens {
  readonly kind: "imageToTokens";
}
export const imageToTokens = (): ImageToTokens => ({ kind: "imageToTokens" });

/** Adds learned tokens before or after the sequence: [batch, tokens, width] -> [batch, tokens + names, width]. */
export interface AddTokens<
  Names extends readonly string[] = readonly string[],
  Position extends "first" | "last" = "first" | "last",
> {
  readonly kind: "addTokens";
  /** By which `meanOfTokens` finds them. The paper's are "cls" and, as in DeiT, "dist" (section 2.2). */
  readonly names: Names;
  /** Before the sequence, or after it. */
  readonly position: Position;
  /** How many, where `registerTokens` named them. Default: as many as have names. */
  readonly count?: number;
}
/** Adds learned tokens before the sequence: [batch, tokens, width] -> [batch, names + tokens, width]. Parameter of each: [1, 1, width]. */
export const prependTokens = <const Names extends readonly string[]>(...names: Names): AddTokens<Names, "first"> => ({
  kind: "addTokens",
  names,
  position: "first",
});
/** Adds learned tokens after the sequence: [batch, tokens, width] -> [batch, tokens + names, width]. Parameter of each: [1, 1, width]. */
export const appendTokens = <const Names extends readonly string[]>(...names: Names): AddTokens<Names, "last"> => ({
  kind: "addTokens",
  names,
  position: "last",
});

/**
 * Adds learned tokens after the sequence, called "register1", "register2", ..., that no head need hear: attention keeps there what is
 * of the clip as a whole, rather than in patches that tell little (Darcet et al. 2024, section 2.3). Stands after positions, which
 * registers have none of; `meanOfPatches` leaves them out. Parameter of each: [1, 1, width].
 * @param count A whole number from 1 to 1024. The paper's is 4.
 */
export const registerTokens = (
  count: number,
): AddTokens<readonly `register${number}`[], "last"> & {
  /** How many. */
  readonly count: number;
} => ({
  kind: "addTokens",
  // Those of a wrong count are still checked, as one.
  names: Array.from(
    { length: Number.isInteger(count) && count >= 1 && count <= 1024 ? count : 1 },
    (_, index) => `register${index + 1}` as const,
  ),
  position: "last",
  count,
});

/** Adds one learned vector per position: [batch, tokens, width] -> same. Parameter: [1, tokens, width]. */
export interface PositionalEmbedding {
  readonly kind: "positionalEmbedding";
}
export const positionalEmbedding = (): PositionalEmbedding => ({ kind: "positionalEmbedding" });

/**
 * Adds to each patch fixed sines and cosines of its place: [batch, tokens, width] -> same. Nothing is trained; tokens that were
 * added get none. Of d values for one axis, place p (0, 1, ...) has sin(p / 10000^(2 i / d)) for i = 0 ... d / 2 - 1, then the cosines,
 * as MAE has them (He et al. 2022) and AudioMAE (Huang et al. 2022, section 3); Vaswani et al. 2017, section 3.5, takes both in turn.
 */
export interface SinCosPositions {
  readonly kind: "sinCosPositions";
  /**
   * The places that are told apart. Default "frequencyAndTime": the first half of the width by frequency, the other by time, each as
   * above, for which the width is divisible by 4. "time": all of the width, which is even, by time, the same of all frequencies.
   */
  readonly along?: "frequencyAndTime" | "time";
}
export const sinCosPositions = (options: Omit<SinCosPositions, "kind"> = {}): SinCosPositions => ({
  kind: "sinCosPositions",
  ...options,
});

/**
 * Adds to each patch one learned vector by its frequency and one by its time: [batch, tokens, width] -> same; tokens that were added
 * get none. PaSST (Koutini et al. 2022, section 2.1) and CED (Dinkel et al. 2023) have them so. Of clips that have lengths of their
 * own those of time are fitted as `positionalEmbedding` is: cut from the middle, or interpolated.
 * Parameters: frequency [1, rows, width], time [1, columns, width].
 */
export interface SeparatePositions {
  readonly kind: "separatePositions";
  /** How both start. Default `truncatedNormal({ std: 0.02 })`. */
  readonly init?: Initializer;
}
export const separatePositions = (options: Omit<SeparatePositions, "kind"> = {}): SeparatePositions => ({
  kind: "separatePositions",
  ...options,
});

/**
 * Convolution along the patches in their order (`torch.nn.Conv1d`), zeros around them so that all keep their places, of an even kernel one
 * more before than after: [batch, tokens, width] -> same; tokens that were added get 0. In a residual with a `gelu` after it,
 * it tells attention where patches stand (wav2vec 2.0, Baevski et al. 2020, section 2; BEATs, Chen et al. 2022, with a kernel of 128, 16
 * groups, time first, weight norm). All clips have one length (`padOrCut`).
 * Parameters: weight [width, width / groups, kernel], bias [width]; with weight norm weight_g [1, 1, kernel] and weight_v for the weight.
 */
export interface TokenConvolution {
  readonly kind: "tokenConvolution";
  /** How many patches each value is made of. */
  readonly kernel: number;
  /** A divisor of the width: into how many groups it falls, each of which is convolved for itself. Default 1. */
  readonly groups?: number;
  /**
   * In which order patches are counted, all times of a frequency in turn, or all frequencies of a time, as BEATs has them. Default
   * "frequencyFirst", as they flow.
   */
  readonly order?: "frequencyFirst" | "timeFirst";
  /**
   * Whether the weight is g v / |v|, with a length g for each tap, which is trained, too (Salimans and Kingma 2016; `weight_norm(dim=2)`).
   * ONNX Runtime computes it once when it loads a graph for inference. Default false.
   */
  readonly weightNorm?: boolean;
  /** How the weight starts. Default `truncatedNormal` with a deviation of sqrt(4 / (kernel width)), BEATs', bias zero. */
  readonly init?: Initializer;
}
export const tokenConvolution = (options: Omit<TokenConvolution, "kind">): TokenConvolution => ({
  kind: "tokenConvolution",
  ...options,
});

/**
 * Positions as learned differences: attention that follows adds to its scores one number of each head for how far apart, along frequency
 * and time, the query's and the key's patches stand (Swin Transformer, Liu et al. 2021, section 3.2, equation 4). Nothing is added to what
 * flows. Before the blocks all of them share it; in a block's residual its attention has its own. Tokens that were added before it
 * get 0, and after it none may be added. All clips have one length (`padOrCut`).
 * Parameter: weight [(2 rows - 1) (2 columns - 1), heads], of (query's row - key's + rows - 1) (2 columns - 1) + query's column - key's +
 * columns - 1.
 */
export interface RelativePositions {
  readonly kind: "relativePositions";
  /** As many as the attention that follows has. */
  readonly heads: number;
  /** How it starts. Default `truncatedNormal({ std: 0.02 })`, Swin's. */
  readonly init?: Initializer;
}
export const relativePositions = (options: Omit<RelativePositions, "kind">): RelativePositions => ({
  kind: "relativePositions",
  ...options,
});

/**
 * The same by one distance along the patches in their order, in buckets (T5, Raffel et al. 2020, section 2.1, `relative_position_bucket`,
 * bidirectional): half of the buckets are for keys after the query, half for the others; of each half the first half have one distance
 * each, and the rest ever more, up to the greatest distance and beyond. BEATs (Chen et al. 2022) has 320 buckets, 800, time first, and
 * attention that is `gated`. Parameter: weight [buckets, heads].
 */
export interface BucketedPositions {
  readonly kind: "bucketedPositions";
  /** As many as the attention that follows has. */
  readonly heads: number;
  /** At least 4. Default 320, BEATs'; T5's is 32. */
  readonly buckets?: number;
  /** In patches: from here on all have one bucket. Default 800, BEATs'; T5's is 128. */
  readonly maxDistance?: number;
  /**
   * In which order patches are counted, all times of a frequency in turn, or all frequencies of a time, as BEATs has them. Default
   * "frequencyFirst", as they flow.
   */
  readonly order?: "frequencyFirst" | "timeFirst";
  /** How it starts. Default `truncatedNormal({ std: 0.02 })`. */
  readonly init?: Initializer;
}
export const bucketedPositions = (options: Omit<BucketedPositions, "kind">): BucketedPositions => ({
  kind: "bucketedPositions",
  ...options,
});

/**
 * Patchout (PaSST, Koutini et al. 2022, section 2.2): while training, some patches of each clip are left out, so that what follows has
 * fewer tokens to compute, and learns from parts. Stands after positions, which the patches that remain keep; tokens that were added
 * remain. Inference passes it by. What is left out is drawn for each clip by the seed. All clips have one length (`padOrCut`).
 * Each option is a count, or a share from 0 to below 1 of what is there, rounded down; one that rounds to nothing is refused, and so is a
 * patchout without options.
 */
export interface Patchout {
  readonly kind: "patchout";
  /** Whole rows of patches, along frequency, that are left out: the structured patchout. Default 0. PaSST's is 4 of 12. */
  readonly rows?: number;
  /** Whole columns of patches, along time. Default 0. PaSST's is 40 of 99. */
  readonly columns?: number;
  /** Of the patches where the remaining rows and columns cross, anywhere: the unstructured patchout. Default 0. */
  readonly patches?: number;
}
export const patchout = (options: Omit<Patchout, "kind">): Patchout => ({ kind: "patchout", ...options });

/** `times` copies of a block in a row, each with its own parameters, named `blocks.0`, `blocks.1`, ... */
export interface Repeat<Block extends readonly unknown[] = Layers> {
  readonly kind: "repeat";
  /** A whole number from 1 to 1024. The paper's is 12. */
  readonly times: number;
  /** The layers of each copy. */
  readonly blocks: readonly Block[];
}
/**
 * @param block Layers whose result the next copy takes; or a function that gives those of each copy by its number from 0, such as
 *   one whose `dropPath` has a rate that rises
 */
export const repeat = <const L extends readonly unknown[] = never, const Made extends readonly unknown[] = never>(
  times: number,
  block: FittingLayers<L> | ((copy: number) => Made),
): Repeat<[Made] extends [never] ? ToldOnce<L, Layers> : unknown extends Made[number] ? Layers : Made> => ({
  kind: "repeat",
  times,
  // The block of a wrong count is still checked, once.
  blocks: Array.from({ length: Number.isInteger(times) && times >= 1 && times <= 1024 ? times : 1 }, (_, copy) =>
    typeof block === "function" ? block(copy) : block,
  ) as never,
});

/** x + f(x), where f is the layers in turn and keeps the shape. */
export interface Residual<L extends readonly unknown[] = Layers> {
  readonly kind: "residual";
  /** f, in order. */
  readonly layers: L;
}
export const residual = <const L extends readonly unknown[]>(
  ...layers: FittingLayers<L>
): Residual<ToldOnce<L, Layers>> => ({ kind: "residual", layers: sequential<L>(...layers) });

/**
 * Stochastic depth (Huang et al. 2016; timm's `drop_path`): while training, a residual's branch is left out for each clip by
 * this chance, and what remains is scaled by 1 / (1 - rate). Stands last in a residual. Inference passes it by.
 */
export interface DropPath {
  readonly kind: "dropPath";
  /** The chance, at least 0 and less than 1. timm's rises in equal steps from block to block, DeiT's from 0 to 0.1. */
  readonly rate: number;
}
export const dropPath = (options: Omit<DropPath, "kind">): DropPath => ({ kind: "dropPath", ...options });

/**
 * Dropout (Srivastava et al. 2014; `torch.nn.Dropout`): while training, each value is set to 0 by this chance, and what remains is
 * scaled by 1 / (1 - rate). Inference passes it by. Each value of each clip is drawn for itself by the seed, so that a step feeds
 * as many numbers as x has; all layers of a network together draw at most 8,388,608 a clip.
 */
export interface Dropout {
  readonly kind: "dropout";
  /** The chance, at least 0 and less than 1. ViT's is 0.1; DeiT's and AST's is 0. */
  readonly rate: number;
}
export const dropout = (options: Omit<Dropout, "kind">): Dropout => ({ kind: "dropout", ...options });

/**
 * Scales each channel, an image's, or of what else flows those along the last axis, by a learned factor that starts near 0 (CaiT,
 * Touvron et al. 2021, section 2.1, equation 4; timm's `LayerScale`). Stands in a residual after its branch's layers, before a
 * `dropPath`. Parameter: weight [width].
 */
export interface LayerScale {
  readonly kind: "layerScale";
  /** What all factors start at. Default 1e-5; CaiT's is 0.1 up to 18 blocks, 1e-5 up to 24, and 1e-6 beyond. */
  readonly start?: number;
}
export const layerScale = (options: Omit<LayerScale, "kind"> = {}): LayerScale => ({ kind: "layerScale", ...options });

/** Normalises the last axis to mean 0 and deviation 1, then scales and shifts. Parameters: weight, bias [width]. */
export interface LayerNorm {
  readonly kind: "layerNorm";
  /** What is added to the variance before its root is taken. AST's is 1e-6, that of the head 1e-5. */
  readonly eps: number;
}
export const layerNorm = (options: Omit<LayerNorm, "kind">): LayerNorm => ({ kind: "layerNorm", ...options });

/**
 * Normalises each channel, an image's (`torch.nn.BatchNorm2d`), or of what else flows those along the last axis, to mean 0 and
 * deviation 1 over all else, then scales and shifts (Ioffe and Szegedy 2015; `torch.nn.BatchNorm1d`). While training that is over the batch at hand, and running statistics move
 * towards the batch's with each, in every part of a batch that is accumulated; inference takes the running ones, and is then folded
 * into the linear map beside it. Where all its parameters have the rate 0 training takes the running statistics, too, and leaves
 * them. A vector needs a batch of two clips; one that is left alone at an epoch's end is normalised by the running statistics.
 * Parameters: weight, bias [width]; statistics: running_mean, running_variance [width].
 */
export interface BatchNorm {
  readonly kind: "batchNorm";
  /** What is added to the variance before its root is taken. Default 1e-5, PyTorch's. */
  readonly eps?: number;
  /** The share of the batch's statistics in the running ones: (1 - momentum) * running + momentum * batch. Default 0.1, PyTorch's. */
  readonly momentum?: number;
}
export const batchNorm = (options: Omit<BatchNorm, "kind"> = {}): BatchNorm => ({ kind: "batchNorm", ...options });

/**
 * Normalises each group of neighbouring channels of a clip, over all its tokens, or all places of its image, to mean 0 and deviation
 * 1, then scales and shifts each channel (Wu and He 2018, section 3; `torch.nn.GroupNorm`). It needs no batch, and is in training as at inference.
 * Parameters: weight, bias [width].
 */
export interface GroupNorm {
  readonly kind: "groupNorm";
  /** How many: a divisor of the width. The paper's are 32; 1 normalises a clip as a whole. */
  readonly groups: number;
  /** What is added to the variance before its root is taken. Default 1e-5, PyTorch's. */
  readonly eps?: number;
}
export const groupNorm = (options: Omit<GroupNorm, "kind">): GroupNorm => ({ kind: "groupNorm", ...options });

/**
 * Squeeze and excitation (Hu et al. 2018, section 3): scales each channel of a clip by sigmoid(W2 relu(W1 m + b1) + b2), where m is the mean
 * of all its tokens, or of all places of its image: [batch, tokens, width] or [batch, channels, frames, bins] -> same.
 * Parameters: reduce.weight [units, width], reduce.bias, expand.weight [width, units], expand.bias.
 */
export interface SqueezeExcite {
  readonly kind: "squeezeExcite";
  /** The length of what stands between both maps. The paper's is a sixteenth of the width. */
  readonly units: number;
  /** How both weights start. Default `truncatedNormal({ std: 0.02 })`, biases zero. */
  readonly init?: Initializer;
}
export const squeezeExcite = (options: Omit<SqueezeExcite, "kind">): SqueezeExcite => ({
  kind: "squeezeExcite",
  ...options,
});

/**
 * Multi-head self-attention, softmax(q k^T / sqrt(width / heads)) v, with relative positions added to the scores where these reach it:
 * [batch, tokens, width] -> same.
 * Parameters: qkv.weight [3 * width, width], qkv.bias, proj.weight [width, width], proj.bias.
 */
export interface Attention {
  readonly kind: "attention";
  /** A divisor of the width. The paper's are 12. */
  readonly heads: number;
  /**
   * Whether each query decides how much it hears of the relative positions that reach it, as BEATs has it (Chen et al. 2022, section 3.1;
   * WavLM, Chen et al. 2022, section III-A, equations 7 to 9). Default false.
   * Parameters more: gate.weight [8, width / heads], gate.bias [8], gate.scale [1, heads, 1, 1].
   */
  readonly gated?: boolean;
  /** How the weights start. Default `truncatedNormal({ std: 0.02 })`, biases zero. */
  readonly init?: Initializer;
}
export const attention = (options: Omit<Attention, "kind">): Attention => ({ kind: "attention", ...options });

/**
 * Attention pooling: one learned query asks all tokens, softmax(q k^T / sqrt(width / heads)) v: [batch, tokens, width] -> [batch, width]
 * (Set Transformer, Lee et al. 2019, section 3.2; the head of Zhai et al. 2022, "Scaling Vision Transformers", section 3.3, without its MLP).
 * The graph's output `attention` takes all tokens alike here.
 * Parameters: query [1, 1, width], kv.weight [2 * width, width], kv.bias, proj.weight [width, width], proj.bias.
 */
export interface AttentionPooling {
  readonly kind: "attentionPooling";
  /** A divisor of the width. */
  readonly heads: number;
  /** How the query and both weights start. Default `truncatedNormal({ std: 0.02 })`, biases zero. */
  readonly init?: Initializer;
}
export const attentionPooling = (options: Omit<AttentionPooling, "kind">): AttentionPooling => ({
  kind: "attentionPooling",
  ...options,
});

/** A linear map of the last axis: [..., width] -> [..., units]. Parameters: weight [units, width], bias [units]. */
export interface Dense {
  readonly kind: "dense";
  /** The length of the result's last axis; "classes": as many as the objective has classes. */
  readonly units: number | "classes";
  /** How the weight starts. Default `truncatedNormal({ std: 0.02 })`, bias zero. */
  readonly init?: Initializer;
}
export const dense = (units: number | "classes", options: Partial<Pick<Dense, "init">> = {}): Dense => ({
  kind: "dense",
  units,
  ...options,
});

/** An activation, as its builder is called. */
export type ActivationName = "gelu" | "relu" | "silu" | "tanh" | "sigmoid";

/** An elementwise function. */
export interface Activation<Name extends ActivationName = ActivationName> {
  readonly kind: "activation";
  /** Which. */
  readonly name: Name;
}
/** x * Phi(x), with the exact error function. */
export const gelu = (): Activation<"gelu"> => ({ kind: "activation", name: "gelu" });
/** max(x, 0). */
export const relu = (): Activation<"relu"> => ({ kind: "activation", name: "relu" });
/** x / (1 + exp(-x)), also called swish: EfficientNet's. */
export const silu = (): Activation<"silu"> => ({ kind: "activation", name: "silu" });
/** The hyperbolic tangent. */
export const tanh = (): Activation<"tanh"> => ({ kind: "activation", name: "tanh" });
/** 1 / (1 + exp(-x)). */
export const sigmoid = (): Activation<"sigmoid"> => ({ kind: "activation", name: "sigmoid" });

/** The mean of the named tokens, or of all: [batch, tokens, width] -> [batch, width]. */
export interface MeanOfTokens<Names extends readonly string[] = readonly string[]> {
  readonly kind: "meanOfTokens";
  /** Of tokens that were added. Default: all tokens, patches among them. */
  readonly names: Names;
}
export const meanOfTokens = <const Names extends readonly string[]>(...names: Names): MeanOfTokens<Names> => ({
  kind: "meanOfTokens",
  names,
});

/** The mean of the patches, the added tokens left out: [batch, tokens, width] -> [batch, width]. */
export interface MeanOfPatches {
  readonly kind: "meanOfPatches";
}
export const meanOfPatches = (): MeanOfPatches => ({ kind: "meanOfPatches" });

/** The greatest value of each channel among the named tokens, or all: [batch, tokens, width] -> [batch, width]. */
export interface MaxOfTokens<Names extends readonly string[] = readonly string[]> {
  readonly kind: "maxOfTokens";
  /** Of tokens that were added. Default: all tokens, patches among them. */
  readonly names: Names;
}
/** The graph's output `attention` takes all these tokens alike. */
export const maxOfTokens = <const Names extends readonly string[]>(...names: Names): MaxOfTokens<Names> => ({
  kind: "maxOfTokens",
  names,
});

/** The mean of all tokens but the named ones, patches among them: [batch, tokens, width] -> [batch, width]. */
export interface MeanWithoutTokens<Names extends readonly string[] = readonly string[]> {
  readonly kind: "meanWithoutTokens";
  /** Of tokens that were added. */
  readonly names: Names;
}
export const meanWithoutTokens = <const Names extends readonly string[]>(
  ...names: Names
): MeanWithoutTokens<Names> => ({
  kind: "meanWithoutTokens",
  names,
});

export type Layer =
  | PatchEmbedding
  | Convolution
  | AveragePooling
  | MaxPooling
  | ImageToTokens
  | AddTokens
  | PositionalEmbedding
  | SinCosPositions
  | SeparatePositions
  | TokenConvolution
  | RelativePositions
  | BucketedPositions
  | Patchout
  | Repeat
  | Residual
  | DropPath
  | Dropout
  | LayerScale
  | LayerNorm
  | BatchNorm
  | GroupNorm
  | SqueezeExcite
  | Attention
  | AttentionPooling
  | Dense
  | Activation
  | MeanOfTokens
  | MaxOfTokens
  | MeanOfPatches
  | MeanWithoutTokens;
