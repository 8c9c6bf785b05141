import type { CodePage } from "./code-page.ts";

/** Layers where they stand. */
export const networkCodes = {
  "convolution-any-length": {
    means: "A convolution takes what stands beside a place, which at the end of a shorter clip is none of its own.",
    right: "padOrCut({ frames: 1024 })",
  },
  "does-not-fit": {
    means:
      "A layer or a step of the features cannot stand where it does, which its type tells already, so that an editor marks it, too: it is given something else than it takes, names a token that is not there, is none at all, or what it ends in is not what a model needs. Of layers that stand in a list of the type Layers other codes tell.",
    right: 'network: [patchEmbedding({ ... }), prependTokens("cls"), meanOfTokens("cls"), dense("classes")]',
  },
  "drop-path-ends-residual": {
    means: "dropPath leaves out all of a residual's branch, and so ends one.",
    right: "residual(layerNorm({ eps: 1e-6 }), attention({ heads: 4 }), dropPath({ rate: 0.1 }))",
  },
  "gated-without-positions": {
    means: "Gates scale what relative positions add to attention, and no such positions stand before it.",
    right: "residual(bucketedPositions({ heads: 4 }), attention({ heads: 4, gated: true }))",
  },
  "groups-divide-channels": {
    means: "A convolution's groups share out the channels that it takes, and those that it gives, in equal parts.",
    right: "convolution({ channels: 12, groups: 4, kernel: { bins: 3, frames: 3 } }) of an image of 8 channels",
  },
  "groups-divide-width": {
    means: "Groups cut the width, or an image's channels, into parts of one size, so that their number divides it.",
  },
  "heads-divide-width": {
    means: "Attention shares a token's width out among its heads in equal parts, so that their number divides it.",
    right: "attention({ heads: 3 }) where the width is 192",
  },
  "kernel-fits-image": {
    means: "Without zeros around it an image has no place that a kernel fits which is longer than it along an axis.",
    right: 'convolution({ kernel: { bins: 3, frames: 3 }, padding: "same" })',
  },
  "layer-order": {
    means:
      "A layer is given something else than it takes: patchEmbedding makes tokens of a spectrogram, a mean of tokens or pooling makes a vector of them, and the last dense makes logits of that.",
    right: 'network: [patchEmbedding({ ... }), attention({ ... }), meanOfTokens(), dense("classes")]',
  },
  "layer-unheard": {
    means: "A layer makes something for an attention to hear, and none that follows does.",
    right: "residual(relativePositions({ heads: 4 }), attention({ heads: 4 }))",
  },
  "network-empty": { means: "The network has no layer that does anything." },
  "network-ends-in-logits": {
    means: "A network ends in one number for each class of the objective.",
    right: 'dense("classes")',
  },
  "no-layer": {
    means: "Something in the network is no layer: the spec's types were passed by, with any or a cast.",
  },
  "parameter-too-large": { means: "A parameter has more values than one tensor of a file holds, 2 GiB." },
  "patch-fits-spectrogram": {
    means: "A patch reaches beyond the spectrogram, along frequency or time, so that not a single one is cut.",
  },
  "patchout-any-length": {
    means: "patchout leaves out as many patches of each clip, which clips of different lengths do not have.",
    right: "padOrCut({ frames: 1024 })",
  },
  "patchout-leaves-some": { means: "patchout would leave out all patches, or more than there are." },
  "patchout-once": { means: "One patchout says all that is left out: rows, columns and patches anywhere." },
  "pooling-fits-image": {
    means: "The parts that are pooled are longer than the image along an axis, so that there is none.",
  },
  "relative-positions-any-length": {
    means:
      "Relative positions hold a value for each two places of one length of clips, which clips of other lengths do not have.",
    right: "padOrCut({ frames: 1024 })",
  },
  "relative-positions-heads": {
    means:
      "Relative positions hold values for each head of the attention that hears of them, so that both have as many heads.",
    right: "residual(relativePositions({ heads: 4 }), attention({ heads: 4 }))",
  },
  "relative-positions-tokens": {
    means:
      "Relative positions are of the tokens that reach them: attention that hears of them takes the same, none added and none left out.",
  },
  "residual-keeps-shape": {
    means: "A residual adds what its layers give to what they take, so that both have one shape.",
    right: "residual(dense(768), gelu(), dense(192)) where the width is 192",
  },
  "stands-before-patchout": {
    means: "What goes by the places of patches stands before a patchout, after which some are missing.",
  },
  "token-name-taken": {
    means: "The patches themselves are called patches, so that no token can be.",
    right: 'prependTokens("cls")',
  },
  "token-named-twice": { means: "Layers find a token by its name, which only one has." },
  "too-many-draws": {
    means:
      "While training, the network draws more random numbers for a clip, or in more layers, than a file may ask for.",
  },
  "unknown-token": {
    means: "A layer names a token that no layer before it has added.",
    right: 'prependTokens("cls"), ..., meanOfTokens("cls")',
  },
  "waves-divide-width": {
    means: "Sines and cosines fill the width in equal parts: 2 of them along one axis, 4 along two.",
  },
} as const satisfies Readonly<Record<string, CodePage>>;
