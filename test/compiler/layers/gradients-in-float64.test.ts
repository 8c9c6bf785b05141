/** Gradients of the rows' own formulas, through whole networks: against finite differences of their definitions in float64. */
import { describe, expect, test } from "vitest";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import { type Graph, unchanged } from "../../../compiler/ir/graph.ts";
import { elements } from "../../../compiler/ir/shape.ts";
import { lowerSpec } from "../../../compiler/lower/lower-spec.ts";
import {
  appendTokens,
  attention,
  attentionPooling,
  batchNorm,
  dense,
  groupNorm,
  layerScale,
  type Layers,
  maxOfTokens,
  meanWithoutTokens,
  patchEmbedding,
  patchout,
  positionalEmbedding,
  prependTokens,
  registerTokens,
  residual,
  separatePositions,
  sinCosPositions,
  squeezeExcite,
} from "../../../spec/dsl/index.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { InferenceSession, Tensor } from "../../onnxruntime.ts";
import { softwareGpu } from "../../software-gpu.ts";
import { evaluateNetwork } from "../lower/evaluate-network.ts";
import { runGraph } from "../run-graph.ts";
import { tiny } from "../tiny-model.ts";

if (softwareGpu !== undefined) process.env["VK_DRIVER_FILES"] = softwareGpu;

const [clips, frames, bins] = [3, 24, 16];
const targets = [1, 0, 0, 1, 1, 0];

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

/** What a step draws: of each clip other places. */
const drawnOf = ({ inputs }: Graph): ReadonlyMap<string, readonly number[]> =>
  new Map(
    inputs.flatMap(({ name, type: { shape }, distribution }) => {
      if (distribution?.kind !== "subset") return [];
      const count = Number(shape[1]);
      const places = Array.from({ length: distribution.of }, (_, place) => place);
      const ofClip = (clip: number): readonly number[] => {
        const turned = [...places.slice(clip + 1), ...places.slice(0, clip + 1)];
        return turned.slice(0, count).toSorted((a, b) => a - b);
      };
      return [[name, [0, 1, 2].flatMap(ofClip)] as const];
    }),
  );

/** By parameter, and the loss. */
const run = async (network: Layers, options: InferenceSession.SessionOptions = {}) => {
  const spec = normalizeSpec(tiny({ network }), () => undefined, "spec.ts");
  const { gradients } = lowerSpec(spec, "features", () => undefined);
  if (!gradients) throw new Error("nothing is trained");
  const kept = gradients.states.filter(({ kind, next }) => kind === "gradient" && next);
  const states = gradients.states.map(unchanged).filter(({ kind }) => kind !== "gradient");
  const values = new Map(
    states.map(({ value, kind }) => [
      value.name,
      kind === "statistic"
        ? new Float32Array(elements(value.type.shape)).fill(1)
        : generateTensor(value.name, elements(value.type.shape), 0.5),
    ]),
  );
  const drawn = drawnOf(gradients);
  const features = generateTensor("gradients", clips * frames * bins, 1);
  const found = await runGraph(
    { ...gradients, states, outputs: [...gradients.outputs, ...kept.flatMap(({ next }) => next ?? [])] },
    {
      input_values: new Tensor("float32", features, [clips, frames, bins]),
      targets: new Tensor("float32", Float32Array.from(targets), [clips, 2]),
      ...Object.fromEntries(
        Array.from(drawn, ([name, own]) => [
          name,
          new Tensor("float32", Float32Array.from(own), [clips, own.length / clips]),
        ]),
      ),
    },
    (name) => values.get(name),
    options,
  );
  const names = ["loss", ...kept.map(({ value }) => value.name.replace("gradient.", ""))];
  return {
    spec,
    values: new Map(
      states.flatMap(({ value: { name }, kind }) => (kind === "parameter" ? [[name, values.get(name) ?? []]] : [])),
    ),
    drawn,
    features,
    found: new Map(names.map((name, index) => [name, found[index]?.data as Float32Array])),
  };
};

describe.each(Object.entries(networks))("%s", (_, network) => {
  test("in float64", async () => {
    const { spec, values, drawn, features, found } = await run(network);
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
    const [onCpu, onGpu] = [await run(network), await run(network, { executionProviders: ["webgpu"] })];
    for (const [name, values] of onCpu.found) {
      const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0.01);
      values.forEach((value, at) => {
        expect(Math.abs((onGpu.found.get(name)?.[at] ?? NaN) - value) / scale, `${name} [${at}]`).toBeLessThan(1e-5);
      });
    }
  });
});
