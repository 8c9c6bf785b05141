import { Tensor } from "../../onnxruntime.ts";
import { describe, expect, test } from "vitest";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import type { NormalizedSpec } from "../../../compiler/ir/normalized-spec.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { elements, printShape } from "../../../compiler/ir/shape.ts";
import type { Graph } from "../../../compiler/ir/graph.ts";
import { declareStates, lowerNetwork, type Mode } from "../../../compiler/lower/lower-network.ts";
import {
  appendTokens,
  attention,
  attentionPooling,
  batchNorm,
  dense,
  dropPath,
  dropout,
  gelu,
  groupNorm,
  layerNorm,
  layerScale,
  type Layers,
  maxOfTokens,
  meanOfPatches,
  meanOfTokens,
  meanWithoutTokens,
  patchEmbedding,
  patchout,
  positionalEmbedding,
  prependTokens,
  registerTokens,
  relu,
  repeat,
  residual,
  separatePositions,
  sigmoid,
  sinCosPositions,
  squeezeExcite,
  tanh,
  truncatedNormal,
  uniformFanIn,
} from "../../../spec/dsl/index.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { runGraph } from "../run-graph.ts";
import { tiny, tinyNetwork } from "../tiny-model.ts";
import { evaluateNetwork } from "./evaluate-network.ts";

const frames = 24;
const bins = 16;
const clips = 2;

const lower = (network: Layers): { spec: NormalizedSpec; graph: Graph } => {
  const spec = normalizeSpec(tiny({ network }), () => undefined, "spec.ts");
  const b = createBuilder();
  const features = b.input("features", { dtype: "float32", shape: ["batch", frames, bins] });
  declareStates(b, spec.network);
  return {
    spec,
    graph: b.finish([lowerNetwork(b, { values: features, ownFrames: undefined }, spec, () => undefined, "inference")]),
  };
};

/** The largest difference from double precision, relative to the largest logit if that is above 1. */
const logitsError = async (network: Layers): Promise<number> => {
  const { spec, graph } = lower(network);
  const parameters = new Map(
    graph.states.map(({ value: { name, type } }) => [
      name,
      generateTensor(name, elements(type.shape), 0.5, name.endsWith("variance") ? 0.75 : 0),
    ]),
  );
  const get: (name: string) => Float32Array = (name) => parameters.get(name) ?? new Float32Array();
  const features = generateTensor("features", clips * frames * bins, 1);
  const [logits] = await runGraph(graph, { features: new Tensor("float32", features, [clips, frames, bins]) }, get);
  const row = (clip: number, frame: number): number[] =>
    Array.from(features.subarray((clip * frames + frame) * bins, (clip * frames + frame + 1) * bins));
  const spectrograms = Array.from({ length: clips }, (_, clip) =>
    Array.from({ length: frames }, (_unused, frame) => row(clip, frame)),
  );
  const expected = evaluateNetwork(spectrograms, spec.network, get).flat();
  expect(logits?.dims).toStrictEqual([clips, 2]);
  const errors = Array.from(logits?.data as Float32Array, (value, index) => Math.abs(value - (expected[index] ?? NaN)));
  return Math.max(...errors) / Math.max(1, ...expected.map(Math.abs));
};

const patches = (bins: number, frames: number, rows: number, columns: number): Layers => [
  patchEmbedding({ patch: { bins, frames }, stride: { bins: rows, frames: columns }, width: 12 }),
];
const sequence = patches(8, 8, 8, 8);
const head: Layers = [meanOfTokens(), dense("classes")];

const networks: readonly (readonly [string, Layers])[] = [
  ["patches side by side", [patches(4, 8, 4, 8), head]],
  ["overlapping patches", [patches(8, 6, 4, 3), head]],
  ["patches with gaps, the rest left over", [patches(5, 4, 6, 7), head]],
  ["one patch", [patches(16, 24, 1, 1), head]],
  ["tokens before", [sequence, prependTokens("cls"), meanOfTokens("cls"), dense("classes")]],
  ["tokens after", [sequence, appendTokens("cls", "dist"), meanOfTokens("dist"), dense("classes")]],
  [
    "tokens on both sides, apart",
    [
      sequence,
      appendTokens("end"),
      prependTokens("cls", "dist"),
      residual(attention({ heads: 2 })),
      meanOfTokens("end", "cls"),
      dense("classes"),
    ],
  ],
  ["patches alone", [sequence, meanOfPatches(), dense("classes")]],
  ["patches after tokens", [sequence, prependTokens("cls", "dist"), meanOfPatches(), dense("classes")]],
  ["patches between tokens", [sequence, prependTokens("a"), appendTokens("b"), meanOfPatches(), dense("classes")]],
  [
    "all but some tokens, apart",
    [
      sequence,
      prependTokens("cls", "dist"),
      appendTokens("end"),
      registerTokens(3),
      residual(attention({ heads: 2 })),
      meanWithoutTokens("dist", "register2"),
      dense("classes"),
    ],
  ],
  [
    "all but the first and the last token",
    [sequence, prependTokens("cls"), registerTokens(1), meanWithoutTokens("cls", "register1"), dense("classes")],
  ],
  ["neighbouring tokens", [sequence, prependTokens("a", "b", "c"), meanOfTokens("b", "c"), dense("classes")]],
  ["no tokens added", [sequence, prependTokens(), head]],
  ["the mean of all tokens, added ones too", [sequence, prependTokens("cls"), head]],
  ["positions", [sequence, prependTokens("cls"), positionalEmbedding(), head]],
  ["fixed positions along both axes", [sequence, sinCosPositions(), head]],
  [
    "fixed positions of overlapping patches between tokens",
    [
      patches(8, 6, 4, 3),
      prependTokens("a", "b"),
      appendTokens("c"),
      sinCosPositions({ along: "frequencyAndTime" }),
      meanOfPatches(),
      dense("classes"),
    ],
  ],
  [
    "fixed positions along time, then learned ones",
    [
      patches(8, 6, 4, 3),
      prependTokens("cls"),
      sinCosPositions({ along: "time" }),
      separatePositions(),
      residual(attention({ heads: 2 })),
      head,
    ],
  ],
  ["the greatest of all tokens", [sequence, appendTokens("end"), maxOfTokens(), dense("classes")]],
  [
    "the greatest of some tokens",
    [sequence, prependTokens("a", "b"), appendTokens("end"), maxOfTokens("end", "a"), dense("classes")],
  ],
  ["squeeze and excitation", [sequence, prependTokens("cls"), squeezeExcite({ units: 5 }), head]],
  ["attention pooling of one head", [sequence, attentionPooling({ heads: 1 }), dense("classes")]],
  [
    "group norms, and attention pooling of many heads",
    [
      sequence,
      prependTokens("cls"),
      groupNorm({ groups: 3 }),
      residual(groupNorm({ groups: 1, eps: 0.1 }), dense(12)),
      groupNorm({ groups: 12 }),
      attentionPooling({ heads: 4 }),
      dense("classes"),
    ],
  ],
  ["attention of one head", [sequence, attention({ heads: 1 }), head]],
  ["attention of many heads", [sequence, attention({ heads: 12 }), head]],
  [
    "layer norm of tokens and of vectors",
    [sequence, layerNorm({ eps: 0.1 }), meanOfTokens(), layerNorm({ eps: 1e-5 }), dense("classes")],
  ],
  ["activations", [sequence, gelu(), dense(7), relu(), dense(7), tanh(), dense(7), sigmoid(), head]],
  ["an activation of the spectrogram", [tanh(), sequence, head]],
  [
    "residuals in residuals",
    [sequence, residual(dense(12), residual(layerNorm({ eps: 1e-6 }), dense(12), tanh()), gelu()), head],
  ],
  [
    "blocks in blocks",
    [sequence, repeat(2, [residual(dense(12)), repeat(2, [residual(attention({ heads: 3 })), gelu()])]), head],
  ],
  [
    "a head of two layers",
    [sequence, prependTokens("cls"), meanOfTokens("cls"), dense(9), tanh(), layerNorm({ eps: 1e-6 }), dense("classes")],
  ],
  [
    "a post-norm block without a bottleneck",
    [
      sequence,
      repeat(2, [
        residual(attention({ heads: 4 })),
        layerNorm({ eps: 1e-5 }),
        residual(dense(12), relu()),
        layerNorm({ eps: 1e-5 }),
      ]),
      head,
    ],
  ],
  ["classes scored per token, then averaged", [sequence, dense("classes"), meanOfTokens()]],
  [
    "batch norms, and branches that training drops",
    [
      batchNorm(),
      sequence,
      batchNorm({ eps: 0.1 }),
      residual(batchNorm(), attention({ heads: 2 }), dropPath({ rate: 0.5 })),
      meanOfTokens(),
      batchNorm(),
      dense("classes"),
    ],
  ],
  [
    "scaled branches and a scaled vector, dropout everywhere, and a patchout",
    [
      dropout({ rate: 0.1 }),
      sequence,
      patchout({ patches: 0.5 }),
      dropout({ rate: 0.2 }),
      residual(attention({ heads: 2 }), layerScale(), dropPath({ rate: 0.1 })),
      meanOfTokens(),
      layerScale({ start: 0.1 }),
      dropout({ rate: 0.5 }),
      dense("classes"),
    ],
  ],
  ["the tiny model", tinyNetwork()],
];

describe("logits through ONNX Runtime equal double precision", () => {
  test.each(networks)("%s", async (_, network) => {
    expect(await logitsError(network)).toBeLessThan(3e-6);
  });
});

describe("parameters", () => {
  const describeStates = (network: Layers): readonly string[] =>
    lower(network).graph.states.map(
      ({ value, initializer, fanIn }) => `${value.name} ${printShape(value.type.shape)} ${initializer.kind} ${fanIn}`,
    );

  test("names, shapes and initial values of every layer", () => {
    expect(
      describeStates([
        sequence,
        prependTokens("cls"),
        positionalEmbedding(),
        repeat(1, [residual(layerNorm({ eps: 1 }), attention({ heads: 2 }))]),
        head,
      ]),
    ).toStrictEqual([
      "patchEmbedding.weight [12, 1, 8, 8] uniformFanIn 64",
      "patchEmbedding.bias [12] uniformFanIn 64",
      "addTokens.cls [1, 1, 12] truncatedNormal 12",
      "positionalEmbedding.weight [1, 7, 12] truncatedNormal 84",
      "blocks.0.residual.layerNorm.weight [12] ones 1",
      "blocks.0.residual.layerNorm.bias [12] zeros 1",
      "blocks.0.residual.attention.qkv.weight [36, 12] truncatedNormal 12",
      "blocks.0.residual.attention.qkv.bias [36] zeros 1",
      "blocks.0.residual.attention.proj.weight [12, 12] truncatedNormal 12",
      "blocks.0.residual.attention.proj.bias [12] zeros 1",
      "dense.weight [2, 12] truncatedNormal 12",
      "dense.bias [2] zeros 12",
    ]);
  });

  test("a layer's own initial values", () => {
    const init = uniformFanIn();
    const own = truncatedNormal({ std: 0.1 });
    const { states } = lower([
      patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 4, init: own }),
      attention({ heads: 2, init: own }),
      meanOfTokens(),
      dense("classes", { init }),
    ]).graph;
    const found = Object.fromEntries(
      states.map(({ value, initializer, fanIn }) => [value.name, { initializer, fanIn }]),
    );
    expect(found["patchEmbedding.weight"]?.initializer).toStrictEqual(own);
    expect(found["patchEmbedding.bias"]?.initializer).toStrictEqual({ kind: "zeros" });
    expect(found["attention.qkv.weight"]?.initializer).toStrictEqual(own);
    expect(found["dense.weight"]).toStrictEqual({ initializer: init, fanIn: 4 });
    expect(found["dense.bias"]).toStrictEqual({ initializer: init, fanIn: 4 });
  });
});

test("a second lowering for training has the first one's parameters and nodes of its own", () => {
  const spec = normalizeSpec(tiny(), () => undefined, "spec.ts");
  const b = createBuilder();
  const features = b.input("features", { dtype: "float32", shape: ["batch", frames, bins] });
  const lowerAs = (mode: Mode) =>
    lowerNetwork(b, { values: features, ownFrames: undefined }, spec, () => undefined, mode);
  declareStates(b, spec.network);
  const outputs = [lowerAs("inference")];
  const { states, nodes } = b.finish([]);
  const count = nodes.length;
  outputs.push(lowerAs("training"));
  const graph = b.finish(outputs);
  expect(graph.states).toStrictEqual(states);
  const added = graph.nodes.slice(count);
  expect(added.map(({ op, attributes }) => ({ op, attributes }))).toStrictEqual(
    graph.nodes.slice(0, count).map(({ op, attributes }) => ({ op, attributes })),
  );
  expect(new Set(added.map(({ origin }) => origin.role))).toStrictEqual(new Set(["training"]));
});
