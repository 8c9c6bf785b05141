/** Graphs of any length answer for each clip what the fixed-length graph of its length answers, whatever else is in the batch. */
import { describe, expect, test } from "vitest";
import { withOutputs } from "../../compiler/artifact/extra-outputs.ts";
import { geometryKey, metadataKey } from "../../compiler/artifact/metadata.ts";
import { absentSample, names } from "../../compiler/artifact/names.ts";
import { decodeOnnx, encodeOnnx, type onnx } from "../../compiler/artifact/onnx.ts";
import type { Dim } from "../../compiler/artifact/dim.ts";
import { samplesIn } from "../../compiler/artifact/frames.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import { patchesToken } from "../../compiler/artifact/token-layout.ts";
import type { Tokens } from "../../compiler/ir/flow.ts";
import { unchanged } from "../../compiler/ir/graph.ts";
import type { NormalizedSpec } from "../../compiler/ir/normalized-spec.ts";
import { withInner } from "../../compiler/ir/placed-layer.ts";
import { lowerSpec } from "../../compiler/lower/lower-spec.ts";
import { adaptPositions } from "../../compiler/weights/adapt-positions.ts";
import { describeGeometry } from "../../compiler/weights/facts/geometry.ts";
import {
  anyLength,
  appendTokens,
  attention,
  attentionPooling,
  batchNorm,
  dense,
  gelu,
  groupNorm,
  kaldiFbank,
  layerNorm,
  layerScale,
  type Layers,
  maxOfTokens,
  meanOfPatches,
  meanOfTokens,
  meanWithoutTokens,
  normalize,
  padOrCut,
  patchEmbedding,
  positionalEmbedding,
  prependTokens,
  registerTokens,
  removeMean,
  residual,
  separatePositions,
  sinCosPositions,
  squeezeExcite,
} from "../../spec/dsl/index.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import { InferenceSession, Tensor } from "../onnxruntime.ts";
import { softwareGpu } from "../software-gpu.ts";
import { evaluateNetwork } from "./lower/evaluate-network.ts";
import { encodeGraph, runGraph } from "./run-graph.ts";
import { tiny } from "./tiny-model.ts";

if (softwareGpu !== undefined) process.env["VK_DRIVER_FILES"] = softwareGpu;

const bins = 24;
const held = 60;
const [least, most] = [8, 150];
const framing = { minSamples: 400, frameShiftSamples: 160 };

const specOf = (network: Layers, frames?: number): NormalizedSpec => {
  const length = frames === undefined ? anyLength({ frames: held, least, most }) : padOrCut({ frames });
  const features = [
    removeMean(),
    kaldiFbank({ bins, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }),
    length,
    normalize({ mean: -4, std: 4 }),
  ];
  return normalizeSpec(tiny({ features, network }), () => undefined, "spec.ts");
};

/** What reaches the positions. */
const positionsOf = ({ network }: NormalizedSpec): Tokens => {
  const placed = withInner(network).find(({ layer }) => layer.kind === "positionalEmbedding");
  if (placed?.takes.kind !== "tokens") throw new Error("no positions");
  return placed.takes;
};

/** What is held of each place, and for other lengths fitted. */
const isPositions = (name: string): boolean => /^positionalEmbedding|^separatePositions\.time/.test(name);

/** The places that a parameter tells apart. */
const placesOf = (flow: Tokens, name: string): Tokens =>
  name.startsWith("positionalEmbedding")
    ? flow
    : { ...flow, grid: { rows: 1, columns: flow.grid.columns }, order: [patchesToken] };
const sizeOf = (shape: readonly Dim[]): number => shape.reduce<number>((size, length) => size * Number(length), 1);

/** [tokens of `to`, tokens of `from`]: the positions of the one from those of the other, by the rule of imports. */
const fit = (from: Tokens, to: Tokens): readonly Float32Array[] => {
  const patches = from.grid.rows * from.grid.columns;
  const [before, others] = [from.order.indexOf(patchesToken), from.order.length - 1];
  const one = (length: number, at: number): Float32Array => Float32Array.from({ length }, (_, i) => Number(i === at));
  const identity = Float32Array.from({ length: patches * patches }, (_, i) => Number(i % (patches + 1) === 0));
  const fitted = adaptPositions(identity, from.grid, to.grid, "bilinear");
  const rows = Array.from({ length: fitted.length / patches }, (_, row) => {
    const values = new Float32Array(patches + others);
    values.set(fitted.subarray(row * patches, (row + 1) * patches), before);
    return values;
  });
  const token = (index: number): Float32Array => one(patches + others, index < before ? index : index + patches);
  const tokens = Array.from({ length: others }, (_, index) => token(index));
  return [...tokens.slice(0, before), ...rows, ...tokens.slice(before)];
};

/** matrix x values, [rows, inner] and [inner, width]. */
const times = (matrix: readonly Float32Array[], values: Float32Array, width: number): Float32Array =>
  Float32Array.from({ length: matrix.length * width }, (_, at) => {
    const [row, unit] = [Math.floor(at / width), at % width];
    return (matrix[row] ?? new Float32Array()).reduce(
      (sum, share, k) => sum + share * (values[k * width + unit] ?? NaN),
      0,
    );
  });

const transposed = (matrix: readonly Float32Array[]): readonly Float32Array[] =>
  Array.from(matrix[0] ?? [], (_, column) => Float32Array.from(matrix, (row) => row[column] ?? NaN));

/** A value of each parameter; of positions, which are large so that those of another place are seen, fitted to the spec's grid. */
const parametersOf = (spec: NormalizedSpec, anySpec: NormalizedSpec) => {
  const [from, to] = [positionsOf(anySpec), positionsOf(spec)];
  const states = new Map(
    lowerSpec(spec, "waveform", () => undefined).inference.states.map((state) => [state.value.name, state]),
  );
  return (name: string): Float32Array | undefined => {
    const state = states.get(name);
    if (!state || state.kind === "statistic") return undefined;
    if (!isPositions(name)) return generateTensor(name, sizeOf(state.value.type.shape), 0.5);
    const matrix = fit(placesOf(from, name), placesOf(to, name));
    return times(matrix, generateTensor(name, (matrix[0]?.length ?? 0) * from.width, 0.5), from.width);
  };
};

const clipOf = (name: string, samples: number): Float32Array => generateTensor(`clip/${name}`, samples, 0.3, 0.1);

const batchOf = (clips: readonly Float32Array[]): Tensor => {
  const longest = Math.max(...clips.map(({ length }) => length));
  const data = new Float32Array(clips.length * longest).fill(absentSample);
  clips.forEach((clip, row) => data.set(clip, row * longest));
  return new Tensor("float32", data, [clips.length, longest]);
};

interface Answer {
  readonly logits: readonly number[];
  /** The rollout, of as many tokens as the longest clip has. */
  readonly attention: readonly number[];
}

const answersOf = async (
  spec: NormalizedSpec,
  anySpec: NormalizedSpec,
  clips: readonly Float32Array[],
  options: InferenceSession.SessionOptions = {},
): Promise<readonly Answer[]> => {
  const { inference } = lowerSpec(spec, "waveform", () => undefined);
  const metadataProps = [
    { key: geometryKey, value: JSON.stringify(describeGeometry(spec)) },
    ...(spec.features.anyLength ? [{ key: metadataKey("anyLength"), value: "" }] : []),
  ];
  const plain: onnx.IModelProto = decodeOnnx(encodeGraph(inference, parametersOf(spec, anySpec)));
  const model = withOutputs({ ...plain, metadataProps }, ["attention"]);
  if (typeof model === "string") throw new Error(model);
  const session = await InferenceSession.create(encodeOnnx(model), { logSeverityLevel: 3, ...options });
  const results = await session.run({ waveform: batchOf(clips) });
  await session.release();
  const rowOf = (name: string, row: number): readonly number[] => {
    const values = Array.from((results[name]?.data ?? new Float32Array()) as Float32Array);
    return values.slice((row * values.length) / clips.length, ((row + 1) * values.length) / clips.length);
  };
  return clips.map((_, row) => ({ logits: rowOf("logits", row), attention: rowOf("attention", row) }));
};

/** What a clip's tokens have, in its place among the tokens of the longest: of each row of patches it has the first ones. */
const amongTokens = (own: readonly number[], spec: NormalizedSpec, longest: NormalizedSpec): readonly number[] => {
  const { grid, positions } = describeGeometry(spec);
  const { columns } = describeGeometry(longest).grid;
  const before = positions.indexOf(patchesToken);
  const patches = grid.rows * grid.columns;
  const rows = Array.from({ length: grid.rows * columns }, (_, place) => {
    const [row, column] = [Math.floor(place / columns), place % columns];
    return column < grid.columns ? (own[before + row * grid.columns + column] ?? NaN) : 0;
  });
  return [...own.slice(0, before), ...rows, ...own.slice(before + patches)];
};

/** By parameter, and the loss. */
const gradientsOf = async (
  spec: NormalizedSpec,
  clips: readonly Float32Array[],
  targets: readonly number[],
  parameters: (name: string) => Float32Array | undefined,
): Promise<ReadonlyMap<string, Float32Array>> => {
  const { gradients } = lowerSpec(spec, "waveform", () => undefined);
  if (!gradients) throw new Error("nothing is trained");
  const kept = gradients.states.filter(({ kind, next }) => kind === "gradient" && next);
  const outputs = [...gradients.outputs, ...kept.flatMap(({ next }) => next ?? [])];
  const states = gradients.states.map(unchanged).filter(({ kind }) => kind !== "gradient");
  const found = await runGraph(
    { ...gradients, states, outputs },
    { waveform: batchOf(clips), targets: new Tensor("float32", Float32Array.from(targets), [clips.length, 2]) },
    parameters,
  );
  const kinds = ["loss", ...kept.map(({ value }) => value.name.replace("gradient.", ""))];
  return new Map(kinds.map((name, index) => [name, found[index]?.data as Float32Array]));
};

const patches = (stride: number, width = 8): Layers[number] =>
  patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: stride, frames: stride }, width });

const block: Layers = [
  residual(layerNorm({ eps: 1e-6 }), attention({ heads: 2 })),
  residual(layerNorm({ eps: 1e-6 }), dense(16), gelu(), dense(8)),
];

const networks: Readonly<Record<string, Layers>> = {
  "a class token": [
    patches(8),
    prependTokens("cls"),
    positionalEmbedding(),
    ...block,
    meanOfTokens("cls"),
    dense("classes"),
  ],
  "two tokens, overlapping patches": [
    patches(5),
    prependTokens("cls", "dist"),
    positionalEmbedding(),
    ...block,
    ...block,
    meanOfTokens("cls", "dist"),
    dense("classes"),
  ],
  "the mean of patches, patches apart": [
    patches(10),
    prependTokens("cls"),
    positionalEmbedding(),
    ...block,
    meanOfPatches(),
    dense("classes"),
  ],
  "the mean of all, tokens last": [
    patches(3),
    appendTokens("cls"),
    positionalEmbedding(),
    ...block,
    meanOfTokens(),
    dense("classes"),
  ],
  "the mean of all but some tokens, apart, of scaled branches": [
    patches(6),
    prependTokens("cls"),
    positionalEmbedding(),
    registerTokens(2),
    residual(layerNorm({ eps: 1e-6 }), attention({ heads: 2 }), layerScale({ start: 0.5 })),
    meanWithoutTokens("cls", "register1"),
    dense("classes"),
  ],
  "fixed positions, group norms and attention pooling": [
    patches(6),
    prependTokens("cls"),
    positionalEmbedding(),
    sinCosPositions(),
    appendTokens("end"),
    groupNorm({ groups: 4 }),
    ...block,
    sinCosPositions({ along: "time" }),
    residual(groupNorm({ groups: 1 }), dense(8)),
    squeezeExcite({ units: 4 }),
    attentionPooling({ heads: 2 }),
    dense("classes"),
  ],
  "learned positions by frequency and time": [
    patches(5),
    prependTokens("cls"),
    positionalEmbedding(),
    separatePositions(),
    ...block,
    meanOfTokens("cls"),
    dense("classes"),
  ],
  "the greatest values of all tokens": [
    patches(6),
    prependTokens("cls"),
    positionalEmbedding(),
    appendTokens("end"),
    ...block,
    maxOfTokens(),
    dense("classes"),
  ],
  "tokens on both sides, positions before the last": [
    patches(6),
    prependTokens("cls"),
    positionalEmbedding(),
    appendTokens("end"),
    ...block,
    meanOfTokens("cls", "end"),
    dense("classes"),
  ],
  "batch normalisation before and after": [
    batchNorm(),
    patches(8),
    batchNorm(),
    positionalEmbedding(),
    ...block,
    batchNorm(),
    meanOfPatches(),
    dense("classes"),
  ],
};

/** In frames: shorter than a patch, one patch, a little more, what is held, and as much as is heard, or more. */
const lengths = [3, 8, 23, 60, 61, 97, 150, 170];
const heardOf = (frames: number): number => Math.min(Math.max(frames, least), most);
const clipsOf = (frames: readonly number[]): readonly Float32Array[] =>
  frames.map((count, index) => clipOf(String(count), samplesIn(count, framing) + index * 13));

/** Relative to the largest, if that is above 1. */
const distance = (found: ArrayLike<number> | undefined, expected: ArrayLike<number>): number => {
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  return Math.max(...Array.from(expected, (value, at) => Math.abs((found?.[at] ?? NaN) - value) / scale));
};

/**
 * How far logits and rollout are from the expected ones.
 * @param place what the expected rollout is among the tokens of the batch, of which those are nothing at all that are absent
 */
const farthest = (
  found: Answer | undefined,
  expected: Answer | undefined,
  place = (own: readonly number[]): readonly number[] => own,
): number => {
  const rollout = place(expected?.attention ?? [NaN]);
  const isOwn = found?.attention.every((share, token) => rollout[token] !== 0 || share === 0) ?? false;
  if (!isOwn || found?.attention.length !== rollout.length) return NaN;
  return Math.max(distance(found.logits, expected?.logits ?? [NaN]), distance(found.attention, rollout));
};

describe.each(Object.entries(networks))("%s", (_, network) => {
  const any = specOf(network);

  test("each clip is as in the graph of its length, alone and among others", async () => {
    const clips = clipsOf(lengths);
    const together = await answersOf(any, any, clips);
    const longest = specOf(network, most);
    for (const [index, clip] of clips.entries()) {
      const frames = lengths[index] ?? 0;
      const fixed = specOf(network, heardOf(frames));
      const [expected] = await answersOf(fixed, any, [clip]);
      const place = (own: readonly number[]): readonly number[] => amongTokens(own, fixed, longest);
      expect(farthest(together[index], expected, place), `${frames} frames among others`).toBeLessThan(1e-5);
      if (index % 3 !== 0) continue;
      const [alone] = await answersOf(any, any, [clip]);
      expect(farthest(alone, expected), `${frames} frames alone`).toBeLessThan(1e-5);
    }
  });
});

describe.each(Object.entries(networks).filter(([name]) => !name.startsWith("batch norm")))(
  "training of %s",
  (_, network) => {
    const any = specOf(network);

    test("the gradients of a batch are the mean of those of its clips, each in the graph of its length", async () => {
      const frames = [5, 23, 97];
      const clips = clipsOf(frames);
      const target = (index: number): readonly number[] => (index % 2 === 0 ? [1, 0] : [0, 1]);
      const targets = clips.flatMap((__, index) => target(index));
      const together = await gradientsOf(any, clips, targets, parametersOf(any, any));
      const sums = new Map<string, Float64Array>();
      for (const [index, clip] of clips.entries()) {
        const spec = specOf(network, heardOf(frames[index] ?? 0));
        for (const [name, values] of await gradientsOf(spec, [clip], target(index), parametersOf(spec, any))) {
          const back = (): readonly Float32Array[] =>
            transposed(fit(placesOf(positionsOf(any), name), placesOf(positionsOf(spec), name)));
          const own = isPositions(name) ? times(back(), values, positionsOf(any).width) : values;
          const sum = sums.get(name) ?? new Float64Array(own.length);
          sums.set(
            name,
            sum.map((value, at) => value + (own[at] ?? NaN) / clips.length),
          );
        }
      }
      expect([...together.keys()]).toStrictEqual([...sums.keys()]);
      for (const [name, values] of together) expect(distance(values, sums.get(name) ?? []), name).toBeLessThan(1e-5);
    });
  },
);

test("batches are normalised by what is their clips' own: loss and gradients in float64", async () => {
  const network = networks["batch normalisation before and after"] ?? [];
  const any = specOf(network.filter((layer) => !("kind" in layer && layer.kind === "positionalEmbedding")));
  const frames = [5, 23, 97];
  const clips = clipsOf(frames);
  const parameter = (name: string): Float32Array =>
    generateTensor(name, sizeOf(states.get(name)?.value.type.shape ?? []), 0.5);
  const { inference } = lowerSpec(any, "waveform", () => undefined);
  const states = new Map(inference.states.map((state) => [state.value.name, state]));
  const found = await gradientsOf(any, clips, [1, 0, 0, 1, 1, 0], parameter);

  const outputs = inference.nodes.flatMap((node) => node.outputs.filter(({ name }) => name === names.features));
  const [features] = await runGraph({ ...inference, outputs }, { waveform: batchOf(clips) }, parameter);
  const [seen, [, all = 0]] = [(features?.data ?? new Float32Array()) as Float32Array, features?.dims ?? []];
  const spectrograms = frames.map((own, clip) =>
    Array.from({ length: heardOf(own) }, (_, frame) => {
      const at = (clip * all + frame) * bins;
      return Array.from(seen.subarray(at, at + bins));
    }),
  );
  const values = new Map([...states.keys()].map((name) => [name, Float64Array.from(parameter(name))]));
  const lossNow = (): number => {
    const logits = evaluateNetwork(spectrograms, any.network, (name) => values.get(name) ?? [], "training");
    const losses = logits.map(([a = NaN, b = NaN], clip) => Math.log(Math.exp(a) + Math.exp(b)) - (clip === 1 ? b : a));
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  };
  expect(distance(found.get("loss"), [lossNow()])).toBeLessThan(1e-5);
  const step = 1e-4;
  for (const [name, gradient] of found) {
    const own = values.get(name);
    if (!own) continue;
    const scale = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0.01);
    for (let at = 0; at < own.length; at += Math.ceil(own.length / 6)) {
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

test.skipIf(softwareGpu === undefined)(
  "on a WebGPU device it is as the graph of each clip's length on the CPU",
  async () => {
    const network = networks["two tokens, overlapping patches"] ?? [];
    const any = specOf(network);
    const frames = [3, 60, 97, 150];
    const clips = clipsOf(frames);
    const together = await answersOf(any, any, clips, { executionProviders: ["webgpu"] });
    const longest = specOf(network, most);
    for (const [index, clip] of clips.entries()) {
      const fixed = specOf(network, heardOf(frames[index] ?? 0));
      const [expected] = await answersOf(fixed, any, [clip]);
      const place = (own: readonly number[]): readonly number[] => amongTokens(own, fixed, longest);
      expect(farthest(together[index], expected, place), `${frames[index]} frames`).toBeLessThan(1e-5);
    }
  },
);
