/** Dropout: what becomes of each value while training and of its gradient, and that inference knows nothing of it. */
import { describe, expect, test } from "vitest";
import { lowerSpec } from "../../../compiler/lower/lower-spec.ts";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import { printGraph } from "../../../compiler/ir/print-graph.ts";
import { drawsOf, type Program } from "../../../compiler/ir/program.ts";
import { type Flow, lengthsOf } from "../../../compiler/ir/flow.ts";
import { dropout as row } from "../../../compiler/layers/dropout.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { gradients } from "../../../compiler/passes/gradients.ts";
import { Tensor } from "../../onnxruntime.ts";
import {
  adam,
  anyLength,
  attention,
  dense,
  dropout,
  kaldiFbank,
  type Layers,
  meanOfPatches,
  meanOfTokens,
  normalize,
  patchEmbedding,
  removeMean,
  repeat,
  residual,
} from "../../../spec/dsl/index.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { openGraphRunner } from "../open-graph-runner.ts";
import { runGraph } from "../run-graph.ts";
import { lowerAlone } from "./lower-alone.ts";
import { tiny } from "../tiny-model.ts";

const clips = 3;
const training = { optimizer: adam({ learningRate: 1e-2 }), batch: clips, epochs: 1 };
const patches = patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 });

const lower = (network: Layers): Program =>
  lowerSpec(
    normalizeSpec(tiny({ network, training }), () => undefined, "spec.ts"),
    "features",
    () => undefined,
  );

const floats = (values: ArrayLike<number>, ...dims: readonly number[]): Tensor =>
  new Tensor("float32", Float32Array.from(values), dims);

describe.each([
  ["a sequence", [2, 3]],
  ["a vector", [6]],
  ["a spectrogram", [3, 2]],
])("%s", (_, lengths) => {
  test("each value that is kept is scaled by 1 / (1 - rate), another is zero, and so is its gradient", async () => {
    const b = createBuilder();
    const x = b.input("x", { dtype: "float32", shape: ["batch", ...lengths] });
    const takes: Flow = { kind: "vector", width: 1 };
    const y = lowerAlone(row, dropout({ rate: 0.75 }), takes, b, x);
    const dy = b.input("dy", x.type);
    const axes = [0, ...lengths.map((__, index) => index + 1)];
    const loss = b.reduceSum(b.mul(y, dy), { axes, keepdims: 0 });
    const dx = gradients(b.finish([]), b, loss, [x]).get("x") ?? x;
    const [values, asked] = ["x", "dy"].map((name) => generateTensor(`dropout/${name}`, clips * 6, 1));
    if (!values || !asked) throw new Error("no values");
    const kept = Float32Array.from(values, (__, index) => Number(index % 4 === 1));
    const found = await runGraph(b.finish([y, dx]), {
      x: floats(values, clips, ...lengths),
      dy: floats(asked, clips, ...lengths),
      "p.kept": floats(kept, clips, ...lengths),
    });
    expect(found.map(({ data }) => Array.from(data as Float32Array, (value) => value + 0))).toStrictEqual(
      [values, asked].map((all) => Array.from(all, (value, index) => (kept[index] === 1 ? value * 4 : 0))),
    );
  });
});

describe("the program", () => {
  const block: Layers = [residual(attention({ heads: 2 }), dropout({ rate: 0.25 }))];
  const network: Layers = [patches, repeat(2, block), meanOfTokens(), dropout({ rate: 0.5 }), dense("classes")];

  test("has a draw for each value, by the layer's path, in training alone", () => {
    const program = lower(network);
    const draw = (path: string, shape: readonly (string | number)[], chance: number) => ({
      input: `${path}.kept`,
      dtype: "float32",
      shape,
      distribution: { kind: "bernoulli", chance },
    });
    expect(drawsOf(program)).toStrictEqual([
      draw("blocks.0.residual.dropout", ["batch", 6, 8], 0.75),
      draw("blocks.1.residual.dropout", ["batch", 6, 8], 0.75),
      draw("dropout", ["batch", 8], 0.5),
    ]);
    expect(program.inference.inputs.map(({ name }) => name)).toStrictEqual(["input_values"]);
    const plain = lower([patches, repeat(2, [residual(attention({ heads: 2 }))]), meanOfTokens(), dense("classes")]);
    expect(printGraph(program.inference)).toBe(printGraph(plain.inference));
  });

  test("a rate of 0 draws nothing", () => {
    const none = lower([patches, dropout({ rate: 0 }), meanOfTokens(), dropout({ rate: 0 }), dense("classes")]);
    expect(drawsOf(none)).toStrictEqual([]);
  });

  test("of clips of any length it draws as many values as the longest has", () => {
    const features = [
      removeMean(),
      kaldiFbank({ bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }),
      anyLength({ frames: 24, least: 8, most: 80 }),
      normalize({ mean: -4, std: 4 }),
    ];
    const ragged: Layers = [patches, dropout({ rate: 0.25 }), meanOfPatches(), dense("classes")];
    const spec = normalizeSpec(tiny({ features, network: ragged, training }), () => undefined, "spec.ts");
    const [draw] = drawsOf(lowerSpec(spec, "waveform", () => undefined));
    const tokens = spec.network[1]?.takes;
    expect(draw?.shape).toStrictEqual(["batch", ...(tokens ? lengthsOf(tokens) : [])]);
    expect(draw?.shape.every((length) => typeof length === "number" || length === "batch")).toBe(false);
  });

  test("what is dropped alone does not learn", async () => {
    const program = lower(network);
    const runner = await openGraphRunner(program);
    const before = Array.from(runner.state.get("blocks.0.residual.attention.qkv.weight")?.data as Float32Array);
    const head = Array.from(runner.state.get("dense.weight")?.data as Float32Array);
    const dropped = Object.fromEntries(
      drawsOf(program).map(({ input, shape: [, ...lengths] }) => {
        const dims = [clips, ...lengths.map(Number)];
        const count = dims.reduce((product, length) => product * length, 1);
        return [input, floats(new Float32Array(count).fill(input.startsWith("blocks") ? 0 : 1), ...dims)];
      }),
    );
    await runner.step({
      input_values: floats(generateTensor("dropout", clips * 24 * 16, 1), clips, 24, 16),
      targets: floats([1, 0, 0, 1, 1, 0], clips, 2),
      learning_rate: floats([1e-2]),
      ...dropped,
    });
    expect(Array.from(runner.state.get("blocks.0.residual.attention.qkv.weight")?.data as Float32Array)).toStrictEqual(
      before,
    );
    expect(Array.from(runner.state.get("dense.weight")?.data as Float32Array)).not.toStrictEqual(head);
  });
});
