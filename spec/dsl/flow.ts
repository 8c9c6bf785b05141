/**
 * What flows from step to step of a spec, as types: what does not fit is an error in the editor, at the step, whose text is the type that
 * is expected there: a sentence. Only kinds of flow and names of tokens are known here; lengths are the compiler's, and so is all of a
 * list whose type does not tell its layers one by one (`Layers`).
 */

/** What flows, in words. Those after `spectrogram` are the kinds of the compiler's flows. */
interface Words {
  waveform: "a waveform";
  centred: "a waveform without its mean";
  amplified: "a waveform with a gain";
  emphasised: "a waveform with pre-emphasis";
  energies: "mel energies";
  unsized: "a spectrogram of any length";
  sized: "a spectrogram of settled length";
  normalized: "normalised features";
  spectrogram: "a spectrogram";
  image: "an image";
  tokens: "tokens";
  vector: "a vector";
}
type Kind = keyof Words;

/** What each step takes and gives; "same": what it takes. What `residual` and `repeat` do is what their layers do. */
export interface Steps {
  removeMean: ["waveform", "centred"];
  gain: ["waveform" | "centred", "amplified"];
  preemphasis: ["waveform" | "centred" | "amplified", "emphasised"];
  kaldiFbank: [Sound, "unsized"];
  kaldiMel: [Sound, "energies"];
  melSpectrogram: [Sound, "energies"];
  log: ["energies", "unsized"];
  decibels: ["energies", "unsized"];
  padOrCut: ["unsized", "sized"];
  anyLength: ["unsized", "sized"];
  normalize: ["sized", "normalized"];

  patchEmbedding: ["spectrogram", "tokens"];
  convolution: ["spectrogram" | "image", "image"];
  averagePooling: ["image", "same"];
  maxPooling: ["image", "same"];
  imageToTokens: ["image", "tokens"];
  addTokens: ["tokens", "same"];
  positionalEmbedding: ["tokens", "same"];
  sinCosPositions: ["tokens", "same"];
  separatePositions: ["tokens", "same"];
  tokenConvolution: ["tokens", "same"];
  relativePositions: ["tokens", "same"];
  bucketedPositions: ["tokens", "same"];
  patchout: ["tokens", "same"];
  dropPath: ["spectrogram" | "image" | "tokens" | "vector", "same"];
  dropout: ["spectrogram" | "image" | "tokens" | "vector", "same"];
  layerScale: ["image" | "tokens" | "vector", "same"];
  layerNorm: ["tokens" | "vector", "same"];
  batchNorm: ["spectrogram" | "image" | "tokens" | "vector", "same"];
  groupNorm: ["image" | "tokens", "same"];
  squeezeExcite: ["image" | "tokens", "same"];
  attention: ["tokens", "same"];
  attentionPooling: ["tokens", "vector"];
  dense: ["tokens" | "vector", "same"];
  activation: ["spectrogram" | "image" | "tokens" | "vector", "same"];
  meanOfTokens: ["tokens", "vector"];
  maxOfTokens: ["tokens", "vector"];
  meanOfPatches: ["tokens", "vector"];
  meanWithoutTokens: ["tokens", "vector"];
}
/** Layers that give what flows a width of their own, which may be the number of classes. */
type Sizing = "convolution" | "dense";

/** What is known of what flows. A union of kinds: any of them. */
interface Flow {
  readonly kind: Kind;
  readonly tokens: readonly string[];
  /** Whether a layer has given it a width since there are patches. */
  readonly isSized: boolean;
  /** Where it comes from, in words that its kind follows. */
  readonly from: string;
}
interface FlowOf<K extends Kind, Tokens extends readonly string[], Sized extends boolean, From extends string> {
  readonly kind: K;
  readonly tokens: Tokens;
  readonly isSized: Sized;
  readonly from: From;
}
type Unknown<K extends Kind = Kind> = FlowOf<K, readonly string[], boolean, string>;
type Sound = "waveform" | "centred" | "amplified" | "emphasised";
type InNetwork = Exclude<Kind, Sound | "energies" | "unsized" | "sized" | "normalized">;

type StepOf<L> = L extends { readonly kind: infer K extends keyof Steps } ? Steps[K] : never;
/** Of what flows, the kinds that a step takes. */
type Taken<L, F extends Flow> = Extract<F["kind"], StepOf<L>[0]>;

/** As the step is called. */
type NameOf<L> =
  IsAny<L> extends true
    ? string
    : L extends { readonly kind: "addTokens"; readonly position: infer Position }
      ? L extends { readonly count: number }
        ? "registerTokens"
        : Position extends "first"
          ? "prependTokens"
          : "appendTokens"
      : L extends { readonly kind: "convolution"; readonly groups: "channels" }
        ? "depthwiseConvolution"
        : L extends { readonly kind: "activation"; readonly name: infer Name extends string }
          ? Name
          : L extends { readonly kind: infer K extends string }
            ? K
            : string;

/** `tokens or a vector` */
type InWords<
  K,
  Order = [
    "waveform",
    "centred",
    "amplified",
    "emphasised",
    "energies",
    "unsized",
    "sized",
    "normalized",
    "spectrogram",
    "image",
    "tokens",
    "vector",
  ],
  Said extends string = "",
> = Order extends [infer First extends Kind, ...infer Rest]
  ? InWords<K, Rest, First extends K ? (Said extends "" ? Words[First] : `${Said} or ${Words[First]}`) : Said>
  : Said;

/** What takes a waveform takes it whatever has been done to it before. */
type Told<K> = "waveform" extends K ? Exclude<K, Exclude<Sound, "waveform">> : K;

/** `cls, dist` */
type Listed<Names, Said extends string = ""> = Names extends readonly [infer Name extends string, ...infer Rest]
  ? Listed<Rest, Said extends "" ? Name : `${Said}, ${Name}`>
  : Said;

type IsAny<T> = 0 extends 1 & T ? true : false;
/** Of `string`, or a pattern of it, nothing is known. */
type IsOneName<Name extends string> = {} extends Record<Name, 1> ? false : true;

type CheckNames<Names, Tokens extends readonly string[]> = Names extends readonly [
  infer Name extends string,
  ...infer Rest,
]
  ? IsOneName<Name> extends true
    ? [Extract<Name, Tokens[number]>] extends [never]
      ? `there is no token ${Name}; ${Tokens extends readonly [] ? "none was added" : `the tokens are ${Listed<Tokens>}`}.`
      : CheckNames<Rest, Tokens>
    : CheckNames<Rest, Tokens>
  : true;

/** `true` where a layer may fit, else why not. Of a union each is asked. What most layers are comes first. */
type Verdict<L, F extends Flow> = L extends { readonly kind: keyof Steps }
  ? CheckStep<L, F>
  : L extends { readonly kind: "residual"; readonly layers: infer Inner extends readonly unknown[] }
    ? CheckInner<"residual", Walk<Inner, F>, F>
    : L extends { readonly kind: "repeat"; readonly blocks: readonly (infer Inner extends readonly unknown[])[] }
      ? CheckInner<"repeat", Walk<Inner, F>, F>
      : L extends readonly unknown[]
        ? FirstMisfit<Walk<L, F>["layers"]>
        : L extends (...options: never) => infer Made
          ? string extends NameOf<Made>
            ? "a function is no layer."
            : `${NameOf<Made>} is not called: write ${NameOf<Made>}(${L extends () => unknown ? "" : "..."}).`
          : "this is no layer.";

type CheckStep<L, F extends Flow> = [Taken<L, F>] extends [never]
  ? `${NameOf<L>}() takes ${InWords<Told<StepOf<L>[0]>>}, but stands ${F["from"]} ${InWords<F["kind"]>}.`
  : L extends { readonly kind: "meanOfTokens" | "maxOfTokens" | "meanWithoutTokens"; readonly names: infer Names }
    ? CheckNames<Names, F["tokens"]>
    : true;

type CheckInner<Name extends string, Inside extends Walked, F extends Flow> =
  FirstMisfit<Inside["layers"]> extends infer Found
    ? true extends Found
      ? [Extract<F["kind"], Inside["gives"]["kind"]>] extends [never]
        ? `${Name}() must give what it takes, but makes ${InWords<Inside["gives"]["kind"]>} out of ${InWords<F["kind"]>}.`
        : true
      : `in ${Name}(), ${Found & string}`
    : never;

/** What a layer gives. After a misfit nothing is known, so that what follows from it is not told. */
type Given<L, F extends Flow> =
  IsAny<L> extends true
    ? Unknown
    : L extends { readonly kind: keyof Steps }
      ? [Taken<L, F>] extends [never]
        ? Unknown
        : GivenByStep<L, F, StepOf<L>[1], L extends { readonly kind: Sizing } ? true : F["isSized"]>
      : L extends { readonly kind: "residual" }
        ? F
        : L extends { readonly kind: "repeat"; readonly blocks: readonly (infer Inner extends readonly unknown[])[] }
          ? number extends Inner["length"]
            ? Unknown<F["kind"]>
            : KeptBy<Walk<Inner, F>["gives"], F>
          : L extends readonly unknown[]
            ? Walk<L, F>["gives"]
            : Unknown;

type KeptBy<Gives extends Flow, F extends Flow> = [Extract<F["kind"], Gives["kind"]>] extends [never] ? Unknown : Gives;

type GivenByStep<L, F extends Flow, Gives, Sized extends boolean> = Gives extends Kind
  ? FlowOf<
      Gives,
      [],
      L extends { readonly kind: "patchEmbedding" } ? false : Sized,
      `after ${NameOf<L>}(), which gives`
    >
  : FlowOf<
      Taken<L, F>,
      L extends { readonly kind: "addTokens"; readonly names: infer Names extends readonly string[] }
        ? [...F["tokens"], ...Names]
        : F["tokens"],
      Sized,
      string extends F["from"] ? `after ${NameOf<L>}(), which gives` : F["from"]
    >;

interface Walked {
  /** The layers, and in the place of each that does not fit the reason. */
  readonly layers: readonly unknown[];
  readonly gives: Flow;
}
/** Each layer where the one before it left off. */
type Walk<
  Layers extends readonly unknown[],
  F extends Flow,
  Done extends readonly unknown[] = [],
> = Layers extends readonly [infer L, ...infer Rest]
  ? Walk<Rest, Given<L, F>, [...Done, Fitted<L, F>]>
  : Layers extends readonly []
    ? { readonly layers: Readonly<Done>; readonly gives: F }
    : {
        readonly layers: readonly [...Done, ...Loose<Layers[number]>[]];
        readonly gives: GivenByAny<Layers[number], F>;
      };

type Fitted<L, F extends Flow> =
  IsAny<L> extends true
    ? L
    : [L] extends [readonly unknown[]]
      ? Walk<L, F>["layers"]
      : Verdict<L, F> extends infer Found
        ? true extends Found
          ? L
          : Found
        : never;

/** Of a list whose length and order are not known. */
type Loose<L> = unknown extends L
  ? L
  : L extends readonly unknown[] | { readonly kind: keyof Steps | "residual" | "repeat" }
    ? L
    : Fitted<L, Unknown>;
type GivenByAny<L, F extends Flow> = [Extract<L, readonly unknown[] | { readonly kind: "addTokens" }>] extends [never]
  ? [Given<L, F>["kind"]] extends [F["kind"]]
    ? FlowOf<F["kind"], F["tokens"], boolean, F["from"]>
    : Unknown
  : Unknown;

/** The first reason among layers, however deep; `true`: there is none. */
type FirstMisfit<Layers extends readonly unknown[]> = Layers extends readonly [infer L, ...infer Rest]
  ? L extends string
    ? L
    : L extends readonly unknown[]
      ? FirstMisfit<L> extends infer Found
        ? true extends Found
          ? FirstMisfit<Rest>
          : Found
        : never
      : FirstMisfit<Rest>
  : true;

/** Puts a reason in the place of the last layer, where all others fit. */
type EndIn<Layers extends readonly unknown[], Reason> =
  true extends FirstMisfit<Layers>
    ? Layers extends readonly [...infer Before, unknown]
      ? [...Before, Reason]
      : Layers
    : Layers;

type CheckEnd<W extends Walked> = [Extract<W["gives"]["kind"], "vector">] extends [never]
  ? EndIn<
      W["layers"],
      `the network must end in logits, but ends in ${InWords<W["gives"]["kind"]>}${W["gives"]["kind"] extends "tokens" ? ": what makes a vector of them is missing, such as meanOfTokens()" : ""}.`
    >
  : W["gives"]["isSized"] extends false
    ? EndIn<
        W["layers"],
        "the network must end in logits, but ends in a vector of another width: dense('classes') is missing."
      >
    : W["layers"];

type CheckFeaturesEnd<W extends Walked> = [Extract<W["gives"]["kind"], "sized" | "normalized">] extends [never]
  ? EndIn<
      W["layers"],
      `the features must end in a spectrogram of settled length, but end in ${InWords<W["gives"]["kind"]>}: ${W["gives"]["kind"] extends "unsized" ? "padOrCut() or anyLength()" : W["gives"]["kind"] extends "energies" ? "log() or decibels()" : "kaldiFbank()"} is missing.`
    >
  : W["layers"];

/** Each as it is where it fits, else the reason: an error whose place is that of the layer. */
type Each<Layers extends readonly unknown[], Checked extends readonly unknown[]> = {
  readonly [I in keyof Layers]: I extends keyof Checked
    ? Layers[I] extends Checked[I]
      ? Layers[I]
      : Checked[I]
    : Layers[I];
};
type NotEmpty<List extends readonly unknown[], Reason extends string> = List extends readonly [] ? Reason : unknown;

/** Layers that may stand one after the other, whatever reaches them. */
export type FittingLayers<L extends readonly unknown[]> = Each<L, Walk<L, Unknown<InNetwork>>["layers"]>;
/** Layers that are told where they are written are not told again where these are used. */
export type ToldOnce<L extends readonly unknown[], Otherwise> =
  true extends FirstMisfit<Walk<L, Unknown<InNetwork>>["layers"]> ? L : Otherwise;

/** Layers that make logits of a spectrogram. */
export type FittingNetwork<N extends readonly unknown[]> = Each<
  N,
  CheckEnd<Walk<N, FlowOf<"spectrogram", [], false, "first, where the features give">>>
> &
  NotEmpty<N, "the network has no layers.">;

/** Steps that make features of a waveform. */
export type FittingFeatures<S extends readonly unknown[]> = Each<
  S,
  CheckFeaturesEnd<Walk<S, FlowOf<"waveform", [], false, "first, where there is">>>
> &
  NotEmpty<S, "there are no features: kaldiFbank() is missing.">;
