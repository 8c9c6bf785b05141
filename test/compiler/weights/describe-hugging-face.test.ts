import { expect, test } from "vitest";
import { describeHuggingFace } from "../../../compiler/weights/describe-hugging-face.ts";
import { sizes } from "../../../spec/ast.ts";
import {
  appendTokens,
  attention,
  decibels,
  dropPath,
  type FeatureStep,
  gain,
  kaldiFbank,
  kaldiMel,
  log,
  melSpectrogram,
  type Model,
  normalize,
  relu,
  removeMean,
  waveform,
} from "../../../spec/dsl/index.ts";
import { lower, mini } from "./mini-ast.ts";

const describe = (model: Model) => {
  const { spec, parameters } = lower(model);
  return describeHuggingFace(spec, parameters);
};

test("every parameter has its names on the hub", () => {
  const { names = {} } = describe(mini()).huggingFace ?? {};
  const block = "audio_spectrogram_transformer.encoder.layer.1";
  expect(names["blocks.1.residual1.attention.qkv.weight"]).toStrictEqual(
    ["query", "key", "value"].map((part) => `${block}.attention.attention.${part}.weight`),
  );
  expect(names["blocks.1.residual2.dense1.bias"]).toStrictEqual([`${block}.intermediate.dense.bias`]);
  expect(names["dense.weight"]).toStrictEqual(["classifier.dense.weight"]);
  expect(Object.keys(names)).toHaveLength(lower(mini()).parameters.length);
});

test("the paper's model is transformers' default, but for the epsilon", () => {
  const { huggingFace } = describe(mini({ size: sizes.base384, stride: { bins: 10, frames: 10 }, frames: 1024 }));
  expect(huggingFace?.config).toMatchObject({
    hidden_size: 768,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    intermediate_size: 3072,
    frequency_stride: 10,
    time_stride: 10,
    max_length: 1024,
    layer_norm_eps: 1e-6,
  });
});

const swapped = (kind: string, by: Model["network"][number]): Model => {
  const model = mini();
  const swap = (layers: Model["network"]): Model["network"] =>
    layers.map((layer) => {
      if (!("kind" in layer)) return swap(layer);
      if (layer.kind === "repeat") return { ...layer, blocks: layer.blocks.map(swap) };
      if (layer.kind === "residual") return { ...layer, layers: swap(layer.layers) };
      return layer.kind === kind ? by : layer;
    });
  return { ...model, network: swap(model.network) };
};

const usual = { bins: 128, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" } as const;

/** With other steps in the place of the filter bank, and of the normalisation if there is one among them. */
const withFeatures = (...steps: readonly FeatureStep[]): Model => {
  const model = mini();
  const isLast = ({ kind }: FeatureStep): boolean => kind === "padOrCut" || kind === "normalize";
  const last = model.features.filter(isLast).filter(({ kind }) => steps.every((step) => step.kind !== kind));
  const own = steps.filter((step) => !isLast(step));
  return { ...model, features: [removeMean(), ...own, ...last, ...steps.filter(isLast)] };
};

const withFbank = (changes: Partial<Parameters<typeof kaldiFbank>[0]>): Model => {
  const model = mini();
  const features = model.features.map((step) =>
    step.kind === "kaldiFbank" ? kaldiFbank({ ...usual, ...changes }) : step,
  );
  return { ...model, features };
};

test.each([
  [mini({ tokens: ["cls"] }), "layer 2 outside the blocks is addTokens(cls,dist) there, and addTokens(cls) here"],
  [swapped("addTokens", appendTokens("cls", "dist")), "tokens come before the patches there"],
  [swapped("activation", relu()), "the activation is gelu there, and relu here"],
  [mini({ patch: { bins: 16, frames: 8 } }), "patches are square there"],
  [
    withFbank({ window: "povey" }),
    'the features have kaldiFbank({ window: "hanning" }) there, and kaldiFbank({ window: "povey" }) here',
  ],
  [withFbank({ lowHz: 50 }), "the features have kaldiFbank({ lowHz: 20 }) there, and kaldiFbank({ lowHz: 50 }) here"],
  [
    withFeatures(melSpectrogram({ bins: 128, fftSamples: 512, hopSamples: 160 }), log({ floor: 1e-10 })),
    "the features have kaldiFbank() or kaldiMel() there, and melSpectrogram() here",
  ],
  [
    withFeatures(kaldiMel(usual), decibels()),
    `the features have log({ floor: ${2 ** -23} }) there, and decibels({ floor: 1e-10, reference: 1 }) here`,
  ],
  [withFeatures(gain(2 ** 15), kaldiFbank(usual)), "the features have no gain() there, and gain(32768) here"],
  [
    withFeatures(kaldiFbank(usual), normalize({ per: "clip" })),
    "the features are normalised by a data set's statistics there, and by each clip's here",
  ],
  [withFbank({ frameLengthMs: 32 }), "frameLengthMs of the features is 25 there, and 32 here"],
])("what transformers' class does not have is named: case %#", (model, huggingFaceObstacle) => {
  expect(describe(model)).toStrictEqual({ huggingFace: null, huggingFaceObstacle });
});

test("another sample rate is described", () => {
  const { huggingFace } = describe({ ...mini(), input: waveform({ sampleRateHz: 32_000 }) });
  expect(huggingFace?.preprocessor).toMatchObject({ sampling_rate: 32_000 });
});

test("what inference passes by is no obstacle", () => {
  const model = swapped("attention", [attention({ heads: 2 }), dropPath({ rate: 0.1 })]);
  expect(describe(model)).toStrictEqual(describe(mini()));
});
