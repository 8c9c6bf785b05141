/** Gradients of a network on the tiny model's features, through ONNX Runtime: what each test of them takes. */
import { expect } from "vitest";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import { type Graph, unchanged } from "../../../compiler/ir/graph.ts";
import { elements } from "../../../compiler/ir/shape.ts";
import { lowerSpec } from "../../../compiler/lower/lower-spec.ts";
import type { Layers } from "../../../spec/dsl/index.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { type InferenceSession, Tensor } from "../../onnxruntime.ts";
import { runGraph } from "../run-graph.ts";
import { tiny } from "../tiny-model.ts";

export const [clips, frames, bins] = [3, 24, 16];
/** One-hot, of each clip. */
export const targets = [1, 0, 0, 1, 1, 0];

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

/**
 * A step on generated features and parameters. @param options of the session
 * @returns `found`: the gradient of each parameter, and the loss
 */
export const runNetwork = async (network: Layers, options: InferenceSession.SessionOptions = {}) => {
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

/** A network's loss and gradients in `golden/layers/`. */
export interface GoldenGradients {
  readonly id: string;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

/** The greatest difference from it, beside the greatest value of each tensor. */
export const errorOf = (found: ReadonlyMap<string, Float32Array>, { loss, gradients }: GoldenGradients): number => {
  expect([...found.keys()].toSorted()).toStrictEqual(["loss", ...Object.keys(gradients)].toSorted());
  const errors = [["loss", [loss]] as const, ...Object.entries(gradients)].flatMap(([name, expected]) => {
    const values = found.get(name) ?? new Float32Array();
    expect(values, name).toHaveLength(expected.length);
    const scale = Math.max(0.01, ...expected.map(Math.abs));
    return expected.map((value, at) => Math.abs((values[at] ?? NaN) - value) / scale);
  });
  return Math.max(...errors);
};
