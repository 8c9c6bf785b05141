import { describe, expect, test } from "vitest";
import * as dsl from "../../spec/dsl/index.ts";

test("numbered classes", () => {
  expect(dsl.numbered(3)).toStrictEqual(["0", "1", "2"]);
});

test("every epoch of a range", () => {
  expect(dsl.everyEpoch({ from: 5, to: 8 })).toStrictEqual([5, 6, 7, 8]);
});

/** Each builder's result with nothing but what it was given: defaults are the compiler's. */
const built = [
  [dsl.waveform({ sampleRateHz: 8000 }), { kind: "waveform", sampleRateHz: 8000 }],
  [dsl.removeMean(), { kind: "removeMean" }],
  [dsl.padOrCut({ frames: 3 }), { kind: "padOrCut", frames: 3 }],
  [dsl.normalize({ mean: 1, std: 2 }), { kind: "normalize", mean: 1, std: 2 }],
  [dsl.prependTokens("cls"), { kind: "addTokens", names: ["cls"], position: "first" }],
  [dsl.appendTokens("a", "b"), { kind: "addTokens", names: ["a", "b"], position: "last" }],
  [dsl.registerTokens(2), { kind: "addTokens", names: ["register1", "register2"], position: "last", count: 2 }],
  [dsl.sinCosPositions(), { kind: "sinCosPositions" }],
  [dsl.separatePositions(), { kind: "separatePositions" }],
  [dsl.relativePositions({ heads: 2 }), { kind: "relativePositions", heads: 2 }],
  [dsl.bucketedPositions({ heads: 2, buckets: 32 }), { kind: "bucketedPositions", heads: 2, buckets: 32 }],
  [dsl.convolution({ kernel: { bins: 3, frames: 3 } }), { kind: "convolution", kernel: { bins: 3, frames: 3 } }],
  [
    dsl.depthwiseConvolution({ kernel: { bins: 3, frames: 1 } }),
    { kind: "convolution", groups: "channels", kernel: { bins: 3, frames: 1 } },
  ],
  [dsl.averagePooling({ size: { bins: 2, frames: 1 } }), { kind: "averagePooling", size: { bins: 2, frames: 1 } }],
  [dsl.maxPooling({ size: { bins: 2, frames: 1 } }), { kind: "maxPooling", size: { bins: 2, frames: 1 } }],
  [dsl.tokenConvolution({ kernel: 3 }), { kind: "tokenConvolution", kernel: 3 }],
  [dsl.imageToTokens(), { kind: "imageToTokens" }],
  [dsl.silu(), { kind: "activation", name: "silu" }],
  [dsl.patchout({ rows: 2 }), { kind: "patchout", rows: 2 }],
  [dsl.maxOfTokens(), { kind: "maxOfTokens", names: [] }],
  [dsl.squeezeExcite({ units: 2 }), { kind: "squeezeExcite", units: 2 }],
  [dsl.groupNorm({ groups: 2 }), { kind: "groupNorm", groups: 2 }],
  [dsl.attentionPooling({ heads: 2 }), { kind: "attentionPooling", heads: 2 }],
  [dsl.dropout({ rate: 0.1 }), { kind: "dropout", rate: 0.1 }],
  [dsl.layerScale(), { kind: "layerScale" }],
  [dsl.meanWithoutTokens("cls"), { kind: "meanWithoutTokens", names: ["cls"] }],
  [dsl.dense("classes"), { kind: "dense", units: "classes" }],
  [dsl.dense(4, { init: dsl.uniformFanIn() }), { kind: "dense", units: 4, init: { kind: "uniformFanIn" } }],
  [
    dsl.residual(dsl.gelu(), [dsl.relu()]),
    { kind: "residual", layers: [{ kind: "activation", name: "gelu" }, [{ kind: "activation", name: "relu" }]] },
  ],
  [
    dsl.repeat(2, [dsl.tanh()]),
    { kind: "repeat", times: 2, blocks: [1, 2].map(() => [{ kind: "activation", name: "tanh" }]) },
  ],
  [
    dsl.repeat(2, (copy) => [dsl.dropPath({ rate: copy / 10 })]),
    { kind: "repeat", times: 2, blocks: [0, 0.1].map((rate) => [{ kind: "dropPath", rate }]) },
  ],
  [dsl.meanOfTokens(), { kind: "meanOfTokens", names: [] }],
  [dsl.classesFile("a.csv"), { kind: "classesFile", path: "a.csv" }],
  [dsl.checkpoint(), { kind: "checkpoint" }],
  [dsl.adamW({ learningRate: 1 }), { kind: "adamW", learningRate: 1 }],
  [dsl.constant(), { kind: "constant" }],
  [dsl.multiStep({ milestones: [1], factor: 0.5 }), { kind: "multiStep", milestones: [1], factor: 0.5 }],
  [dsl.cosine({ warmup: dsl.referenceWarmup() }), { kind: "cosine", warmup: { kind: "referenceWarmup" } }],
  [dsl.linearWarmup({ steps: 9 }), { kind: "linearWarmup", steps: 9 }],
  [dsl.mixup({ rate: 0.5 }), { kind: "mixup", rate: 0.5 }],
  [dsl.maskFrequency({ bins: 48 }), { kind: "maskFrequency", bins: 48 }],
  [dsl.maskTime({ frames: 192 }), { kind: "maskTime", frames: 192 }],
  [dsl.noise(), { kind: "noise" }],
  [dsl.roll({ to: 3 }), { kind: "roll", to: 3 }],
  [dsl.float32(), { kind: "float32" }],
  [dsl.mixedFloat16(), { kind: "mixedFloat16" }],
] as const;

describe("builders only label what they are given", () => {
  test.each(built.map(([value, expected]) => [expected.kind, value, expected] as const))("%s", (_, value, expected) => {
    expect(value).toStrictEqual(expected);
  });
});
