/** Gradients of the rows' own formulas, through whole networks: against finite differences of their definitions in float64. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  appendTokens,
  attention,
  attentionPooling,
  averagePooling,
  batchNorm,
  bucketedPositions,
  convolution,
  dense,
  gelu,
  depthwiseConvolution,
  groupNorm,
  imageToTokens,
  layerScale,
  type Layers,
  maxOfTokens,
  maxPooling,
  meanOfTokens,
  meanWithoutTokens,
  patchEmbedding,
  patchout,
  positionalEmbedding,
  prependTokens,
  registerTokens,
  relativePositions,
  relu,
  residual,
  separatePositions,
  silu,
  sinCosPositions,
  squeezeExcite,
  tanh,
  tokenConvolution,
} from "../../../spec/dsl/index.ts";
import { holdSoftwareGpu } from "../../hold-software-gpu.ts";
import { softwareGpu } from "../../software-gpu.ts";
import { evaluateNetwork } from "../lower/evaluate-network.ts";
import { bins, clips, frames, runNetwork, targets } from "./run-network.ts";

beforeAll(holdSoftwareGpu);

const patches = patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 });

const networks: Readonly<Record<string, Layers>> = {
  "registers, and the mean of all but some tokens": [
    patches,
    prependTokens("cls"),
    registerTokens(2),
    residual(attention({ heads: 2 })),
    meanWithoutTokens("register1", "cls"),
    dense("classes"),
  ],
  "positions by frequency and time, before and after fixed ones": [
    patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 4, frames: 5 }, width: 8 }),
    prependTokens("cls"),
    separatePositions(),
    appendTokens("end"),
    sinCosPositions(),
    sinCosPositions({ along: "time" }),
    residual(attention({ heads: 2 })),
    separatePositions(),
    meanWithoutTokens("cls"),
    dense("classes"),
  ],
  "group norms, squeeze and excitation, and attention pooling": [
    patches,
    appendTokens("cls"),
    groupNorm({ groups: 2 }),
    residual(groupNorm({ groups: 4, eps: 0.1 }), dense(8)),
    squeezeExcite({ units: 3 }),
    attentionPooling({ heads: 2 }),
    dense("classes"),
  ],
  "convolutions in two axes, by channel and of single pixels, with norms, excitation and pooling": [
    convolution({ channels: 6, kernel: { bins: 3, frames: 3 }, stride: { bins: 2, frames: 3 } }),
    batchNorm(),
    silu(),
    residual(
      depthwiseConvolution({ kernel: { bins: 3, frames: 5 } }),
      groupNorm({ groups: 2 }),
      relu(),
      squeezeExcite({ units: 3 }),
      convolution({ channels: 6, kernel: { bins: 1, frames: 1 } }),
      layerScale({ start: 0.5 }),
    ),
    maxPooling({ size: { bins: 2, frames: 3 } }),
    imageToTokens(),
    attentionPooling({ heads: 2 }),
    dense("classes"),
  ],
  "convolutions in groups and where they fit, means of parts, then attention": [
    convolution({ channels: 4, kernel: { bins: 4, frames: 2 }, padding: "none", stride: { bins: 1, frames: 2 } }),
    tanh(),
    convolution({ channels: 6, kernel: { bins: 2, frames: 3 }, groups: 2, stride: { bins: 2, frames: 1 } }),
    averagePooling({ size: { bins: 3, frames: 5 } }),
    imageToTokens(),
    prependTokens("cls"),
    positionalEmbedding(),
    residual(attention({ heads: 2 })),
    meanOfTokens("cls"),
    dense("classes"),
  ],
  "convolutions along the patches, in both orders, one with weight norm": [
    patchEmbedding({ patch: { bins: 8, frames: 6 }, stride: { bins: 8, frames: 6 }, width: 8 }),
    prependTokens("cls"),
    residual(tokenConvolution({ kernel: 4, groups: 2, order: "timeFirst", weightNorm: true }), gelu()),
    residual(tokenConvolution({ kernel: 3 }), gelu()),
    residual(attention({ heads: 2 })),
    meanOfTokens("cls"),
    dense("classes"),
  ],
  "relative positions of all blocks, gated in one, with tokens before and after": [
    patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 4, frames: 5 }, width: 8 }),
    prependTokens("cls"),
    appendTokens("end"),
    relativePositions({ heads: 2 }),
    residual(attention({ heads: 2 })),
    residual(attention({ heads: 2, gated: true })),
    meanOfTokens("cls"),
    dense("classes"),
  ],
  "bucketed positions of one block, and others of the next, time first and gated": [
    patchEmbedding({ patch: { bins: 8, frames: 4 }, stride: { bins: 8, frames: 3 }, width: 8 }),
    residual(bucketedPositions({ heads: 2, buckets: 9, maxDistance: 6 }), attention({ heads: 2 })),
    residual(
      bucketedPositions({ heads: 4, buckets: 8, maxDistance: 11, order: "timeFirst" }),
      attention({ heads: 4, gated: true }),
    ),
    residual(attention({ heads: 2 })),
    attentionPooling({ heads: 2 }),
    dense("classes"),
  ],
  "a patchout of rows, columns and patches between added tokens": [
    patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 4, frames: 4 }, width: 8 }),
    prependTokens("cls"),
    appendTokens("end"),
    separatePositions(),
    patchout({ rows: 1, columns: 2, patches: 1 }),
    groupNorm({ groups: 2 }),
    residual(attention({ heads: 2 })),
    prependTokens("late"),
    attentionPooling({ heads: 2 }),
    dense("classes"),
  ],
  "a patchout of some patches, and their greatest values": [
    patches,
    positionalEmbedding(),
    patchout({ patches: 0.5 }),
    residual(attention({ heads: 2 }), batchNorm()),
    maxOfTokens(),
    dense("classes"),
  ],
  "the greatest values of all tokens": [
    patches,
    prependTokens("cls"),
    residual(attention({ heads: 2 })),
    maxOfTokens(),
    dense("classes"),
  ],
  "scaled branches, and a scaled vector": [
    patches,
    appendTokens("cls"),
    residual(attention({ heads: 2 }), layerScale({ start: 0.1 })),
    meanWithoutTokens(),
    layerScale(),
    dense("classes"),
  ],
};

describe.each(Object.entries(networks))("%s", (_, network) => {
  test("in float64", async () => {
    const { spec, values, drawn, features, found } = await runNetwork(network);
    const exact = new Map(Array.from(values, ([name, own]) => [name, Float64Array.from(own)]));
    const held = (name: string): ArrayLike<number> => exact.get(name) ?? drawn.get(name) ?? [];
    const spectrograms = Array.from({ length: clips }, (__, clip) =>
      Array.from({ length: frames }, (___, frame) => {
        const at = (clip * frames + frame) * bins;
        return Array.from(features.subarray(at, at + bins));
      }),
    );
    const lossNow = (): number => {
      const logits = evaluateNetwork(spectrograms, spec.network, held, "training");
      const losses = logits.map(([a = NaN, b = NaN], clip) => {
        const own = targets[2 * clip] === 1 ? a : b;
        return Math.log(Math.exp(a) + Math.exp(b)) - own;
      });
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    };
    expect(Math.abs((found.get("loss")?.[0] ?? NaN) - lossNow())).toBeLessThan(1e-5);
    expect([...found.keys()].toSorted()).toStrictEqual(["loss", ...exact.keys()].toSorted());
    const step = 1e-4;
    for (const [name, own] of exact) {
      const gradient = found.get(name) ?? new Float32Array();
      expect(gradient).toHaveLength(own.length);
      const scale = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0.01);
      for (let at = 0; at < own.length; at += Math.ceil(own.length / 12)) {
        const before = own[at] ?? NaN;
        const [above = NaN, below = NaN] = [step, -step].map((change) => {
          own[at] = before + change;
          return lossNow();
        });
        own[at] = before;
        const error = (gradient[at] ?? NaN) - (above - below) / (2 * step);
        expect(Math.abs(error) / scale, `${name} [${at}]`).toBeLessThan(1e-5);
      }
    }
  });

  test.skipIf(softwareGpu === undefined)("on a WebGPU device as on the CPU", async () => {
    const [onCpu, onGpu] = [await runNetwork(network), await runNetwork(network, { executionProviders: ["webgpu"] })];
    for (const [name, values] of onCpu.found) {
      const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0.01);
      values.forEach((value, at) => {
        expect(Math.abs((onGpu.found.get(name)?.[at] ?? NaN) - value) / scale, `${name} [${at}]`).toBeLessThan(1e-5);
      });
    }
  });
});
