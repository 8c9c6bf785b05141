/** Stochastic depth: what it does to clips while training, that inference knows nothing of it, and training with it. */
import { describe, expect, test } from "vitest";
import { lowerSpec } from "../../../compiler/lower/lower-spec.ts";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import { drawsOf, type Program } from "../../../compiler/ir/program.ts";
import { printGraph } from "../../../compiler/ir/print-graph.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import type { Flow } from "../../../compiler/ir/flow.ts";
import { dropPath as row } from "../../../compiler/layers/drop-path.ts";
import { Tensor } from "../../onnxruntime.ts";
import {
  adam,
  attention,
  dense,
  dropPath,
  gelu,
  layerNorm,
  type Layers,
  repeat,
  residual,
} from "../../../spec/dsl/index.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { openGraphRunner } from "../open-graph-runner.ts";
import { runGraph } from "../run-graph.ts";
import { lowerAlone } from "./lower-alone.ts";
import { tiny, tinyNetwork } from "../tiny-model.ts";

const [clips, frames, bins] = [3, 24, 16];

/** The tiny model's, its blocks by other blocks. */
const withBlocks = (...blocks: Layers): Layers => tinyNetwork().toSpliced(3, 1, ...blocks);

const block = (...last: Layers): Layers => [
  residual(layerNorm({ eps: 1e-6 }), attention({ heads: 2 }), ...last),
  residual(layerNorm({ eps: 1e-6 }), dense(16), gelu(), dense(8), ...last),
];

const lower = (network: Layers): Program => {
  const training = { optimizer: adam({ learningRate: 1e-2 }), batch: clips, epochs: 1 };
  const spec = normalizeSpec(tiny({ network, training }), () => undefined, "spec.ts");
  return lowerSpec(spec, "features", () => undefined);
};

const floats = (values: ArrayLike<number>, ...dims: readonly number[]): Tensor =>
  new Tensor("float32", Float32Array.from(values), dims);

const features = floats(generateTensor("drop-path", clips * frames * bins, 1), clips, frames, bins);

describe.each([
  ["a sequence", [2, 3]],
  ["a vector", [6]],
  ["a spectrogram", [3, 2]],
])("%s", (_, lengths) => {
  test("of a clip that is kept is scaled by 1 / (1 - rate), of another zero", async () => {
    const b = createBuilder();
    const x = b.input("x", { dtype: "float32", shape: ["batch", ...lengths] });
    const takes: Flow = { kind: "vector", width: 1 };
    const y = lowerAlone(row, dropPath({ rate: 0.75 }), takes, b, x);
    const values = generateTensor("drop-path", clips * 6, 1);
    const [result] = await runGraph(b.finish([y]), {
      x: floats(values, clips, ...lengths),
      "p.kept": floats([1, 1, 0], clips),
    });
    expect(result?.data).toStrictEqual(values.map((value, index) => value * (index < 12 ? 4 : 0)));
  });
});

describe("the program", () => {
  const network = withBlocks(repeat(2, block(dropPath({ rate: 0.25 }))));

  test("has a draw for each, by its path, in training alone", () => {
    const program = lower(network);
    expect(drawsOf(program)).toStrictEqual(
      ["blocks.0.residual1", "blocks.0.residual2", "blocks.1.residual1", "blocks.1.residual2"].map((path) => ({
        input: `${path}.dropPath.kept`,
        dtype: "float32",
        shape: ["batch"],
        distribution: { kind: "bernoulli", chance: 0.75 },
      })),
    );
    expect(program.inference.inputs.map(({ name }) => name)).toStrictEqual(["input_values"]);
    const plain = lower(withBlocks(repeat(2, block())));
    expect(printGraph(program.inference)).toBe(printGraph(plain.inference));
  });

  test("a rate that rises from block to block leaves the names of parameters as they are", () => {
    const rising = withBlocks(repeat(3, (copy) => block(dropPath({ rate: (0.2 * copy) / 2 }))));
    const program = lower(rising);
    expect(drawsOf(program).map(({ distribution }) => distribution)).toStrictEqual(
      [0.9, 0.9, 0.8, 0.8].map((chance) => ({ kind: "bernoulli", chance })),
    );
    const names = ({ inference }: Program) => inference.states.map(({ value }) => value.name);
    expect(names(program)).toStrictEqual(names(lower(withBlocks(repeat(3, block())))));
  });

  test("a rate of 0 draws nothing", () => {
    expect(drawsOf(lower(withBlocks(repeat(2, block(dropPath({ rate: 0 }))))))).toStrictEqual([]);
  });

  test("where nothing is kept, no branch learns", async () => {
    const targets = floats([1, 0, 0, 1, 1, 0], clips, 2);
    const runner = await openGraphRunner(lower(network));
    const before = new Map([...runner.state].map(([name, { data }]) => [name, Array.from(data as Float32Array)]));
    const kept = Object.fromEntries(drawsOf(lower(network)).map(({ input }) => [input, floats([0, 0, 0], clips)]));
    await runner.step({ input_values: features, targets, learning_rate: floats([1e-2]), ...kept });
    const isMoved = (name: string): boolean =>
      Array.from(runner.state.get(name)?.data as Float32Array).some(
        (value, index) => value !== before.get(name)?.[index],
      );
    expect(isMoved("blocks.0.residual1.attention.qkv.weight")).toBe(false);
    expect(isMoved("blocks.1.residual2.dense1.weight")).toBe(false);
    expect(isMoved("dense.weight")).toBe(true);
  });
});
