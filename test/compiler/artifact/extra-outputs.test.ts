import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type ExtraOutput, withOutputs } from "../../../compiler/artifact/extra-outputs.ts";
import { decodeOnnx, encodeOnnx, type onnx } from "../../../compiler/artifact/onnx.ts";
import { InferenceSession, Tensor } from "../../onnxruntime.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { compileTiny } from "../../runtime/engine/compile-tiny.ts";

const patches = "patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 4, frames: 8 }, width: 8 })";
const strong = "truncatedNormal({ std: 0.5 })";
const heard = `residual(layerNorm({ eps: 1e-6 }), attention({ heads: 2, init: ${strong} }))`;
const body = `repeat(2, [${heard}, residual(layerNorm({ eps: 1e-6 }), dense(16), gelu(), dense(8))]), layerNorm({ eps: 1e-6 })`;

const modelOf = (network: string): onnx.IModelProto =>
  decodeOnnx(readFileSync(compileTiny("optimizer: adam({ learningRate: 1e-3 })", `network: [${network}]`)));

const extend = (model: onnx.IModelProto, ...wanted: readonly ExtraOutput[]): onnx.IModelProto => {
  const extended = withOutputs(model, wanted);
  if (typeof extended === "string") throw new Error(extended);
  return extended;
};

const run = async (model: onnx.IModelProto) => {
  const session = await InferenceSession.create(encodeOnnx(model));
  const waveform = new Tensor("float32", generateTensor("clip#outputs", 2 * 3000, 0.3), [2, 3000]);
  const results = await session.run({ waveform });
  await session.release();
  return results;
};

/**
 * The rollout as the paper has it, with whole matrices in float64: [clips, tokens, tokens], from a graph whose softmaxes are outputs.
 * @param from the first token that the head reads; in the last block others may not be computed, and rows of theirs mean nothing
 */
const matrixRollout = async (model: onnx.IModelProto, from: number): Promise<readonly (readonly number[][])[]> => {
  const softmaxes = (model.graph?.node ?? []).flatMap(({ opType, output }) =>
    opType === "Softmax" && output?.[0]?.includes("attention") ? [output[0]] : [],
  );
  const output = softmaxes.map((name) => ({ name, type: { tensorType: { elemType: 1 } } }));
  const results = await run({ ...model, graph: { ...model.graph, output } });
  return [0, 1].map((clip) => {
    let product: number[][] | undefined;
    for (const name of softmaxes) {
      const { data, dims } = results[name] as { readonly data: Float32Array; readonly dims: readonly number[] };
      const [, heads = 0, asked = 0, tokens = 0] = dims;
      const first = asked < tokens ? from : 0;
      const at = (head: number, row: number, column: number): number =>
        data[((clip * heads + head) * asked + row - first) * tokens + column] ?? NaN;
      const isBare = !name.includes("residual");
      const matrix = Array.from({ length: tokens }, (_, row) => {
        const means = Array.from({ length: tokens }, (_, column) => {
          let sum = 0;
          for (let head = 0; head < heads; head++) sum += at(head, row, column);
          return sum / heads + (!isBare && row === column ? 1 : 0);
        });
        const total = means.reduce((sum, value) => sum + value, 0);
        return means.map((value) => value / total);
      });
      const before = product;
      product = before
        ? matrix.map((row) =>
            row.map((_, column) => row.reduce((sum, value, k) => sum + value * (before[k]?.[column] ?? NaN), 0)),
          )
        : matrix;
    }
    return product ?? [];
  });
};

/** The mean of some rows. */
const meanRow = (rows: readonly number[][], from: number, to: number): number[] =>
  (rows[0] ?? []).map((_, column) => {
    const picked = rows.slice(from, to);
    return picked.reduce((sum, row) => sum + (row[column] ?? NaN), 0) / picked.length;
  });

describe("attention is the rollout's rows that the head reads", () => {
  // 3 rows of 3 patches.
  test.each([
    ["one token", `${patches}, prependTokens("cls"), positionalEmbedding(), ${body}, meanOfTokens("cls")`, 0, 1],
    [
      "two",
      `${patches}, prependTokens("cls", "dist"), positionalEmbedding(), ${body}, meanOfTokens("cls", "dist")`,
      0,
      2,
    ],
    ["the second of two", `${patches}, prependTokens("cls", "dist"), ${body}, meanOfTokens("dist")`, 1, 2],
    [
      "one behind the patches",
      `${patches}, appendTokens("cls"), positionalEmbedding(), ${body}, meanOfTokens("cls")`,
      9,
      10,
    ],
    ["patches without a token", `${patches}, positionalEmbedding(), ${body}, meanOfPatches()`, 0, 9],
    [
      "patches beside a token",
      `${patches}, prependTokens("cls"), positionalEmbedding(), ${body}, meanOfPatches()`,
      1,
      10,
    ],
    ["all tokens", `${patches}, prependTokens("cls"), positionalEmbedding(), ${body}, meanOfTokens()`, 0, 10],
    [
      "attention that nothing is added to",
      `${patches}, positionalEmbedding(), attention({ heads: 2, init: ${strong} }), meanOfPatches()`,
      0,
      9,
    ],
  ])("%s", async (_, network, from, to) => {
    const model = modelOf(`${network}, layerNorm({ eps: 1e-5 }), dense("classes")`);
    const extended = extend(model, "embedding", "attention");
    const { attention, embedding, scores } = await run(extended);
    const expected = (await matrixRollout(model, from)).map((rows) => meanRow(rows, from, to));
    expect(attention?.dims).toStrictEqual([2, expected[0]?.length]);
    const values = attention?.data as Float32Array;
    expected.flat().forEach((value, index) => expect(values[index]).toBeCloseTo(value, 6));
    expect(new Set(expected.flat().map((value) => value.toFixed(3))).size).toBeGreaterThan(3);
    expect(embedding?.dims).toStrictEqual([2, 8]);
    expect(scores?.data).toStrictEqual((await run(model))["scores"]?.data);
  });
});

test("the embedding is what the last dense layer takes, and is told in the graph", async () => {
  const model = modelOf(`${patches}, meanOfPatches(), dense(5), relu(), dense("classes")`);
  const extended = extend(model, "embedding");
  expect(extended.graph?.output?.at(-1)).toMatchObject({
    name: "embedding",
    type: { tensorType: { shape: { dim: [{ dimParam: "batch" }, { dimValue: 5 }] } } },
  });
  const results = await run(extended);
  const [data, logits] = ["embedding", "logits"].map((name) => results[name]?.data) as [Float32Array, Float32Array];
  expect(data.every((value) => value >= 0)).toBe(true);
  const tensor = (name: string): Float32Array => {
    const bytes = model.graph?.initializer?.find((each) => each.name === name)?.rawData ?? new Uint8Array();
    return new Float32Array(Uint8Array.from(bytes).buffer);
  };
  const [weight, bias] = [tensor("dense2.weight"), tensor("dense2.bias")];
  const expected = [0, 1].flatMap((clip) =>
    [0, 1].map((unit) =>
      [0, 1, 2, 3, 4].reduce(
        (sum, each) => sum + (data[clip * 5 + each] ?? NaN) * (weight[unit * 5 + each] ?? NaN),
        bias[unit] ?? NaN,
      ),
    ),
  );
  expected.forEach((value, index) => expect(logits[index]).toBeCloseTo(value, 5));
});

test("a scale that is folded into the last dense layer comes after the embedding", async () => {
  const model = modelOf(`${patches}, meanOfPatches(), batchNorm(), dense("classes")`);
  const { embedding } = await run(extend(model, "embedding"));
  expect(embedding?.dims).toStrictEqual([2, 8]);
});

test.each([
  [
    "attention",
    `${patches}, residual(dense(8), gelu(), dense(8)), meanOfPatches(), dense("classes")`,
    "it has no attention layer, whose weights attention is made of",
  ],
  [
    "attention",
    `${patches}, ${heard}, prependTokens("cls"), ${heard}, meanOfTokens("cls"), dense("classes")`,
    "tokens are added between its attention layers, and attention is of the same tokens in all",
  ],
  [
    "embedding",
    `${patches}, ${heard}, dense("classes"), meanOfPatches()`,
    "its last dense layer, dense, takes token by token, and embedding is one vector per clip",
  ],
  [
    "embedding",
    `${patches.replace("width: 8", "width: 2")}, meanOfPatches()`,
    "it has no dense layer, whose input embedding is",
  ],
] as const)("%s of another network is refused: %s", (output, network, expected) => {
  expect(withOutputs(modelOf(network), [output])).toBe(expected);
});

test("what a model has already it keeps; one that does not tell of its tokens is refused", () => {
  const model = modelOf(`${patches}, ${heard}, meanOfPatches(), dense("classes")`);
  const extended = extend(model, "attention");
  expect(withOutputs(extended, ["attention"])).toBe(extended);
  expect(withOutputs({ ...model, metadataProps: [] }, ["attention"])).toBe(
    "no patchEmbedding tells where its tokens lie in the spectrogram",
  );
});

test("of clips of any length the attention has as many tokens as the longest, and each has an embedding", async () => {
  const filters = "bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: 'hanning'";
  const features = `features: [kaldiFbank({ ${filters} }), anyLength({ frames: 24, least: 8, most: 64 })]`;
  const network = `network: [${patches}, ${heard}, meanOfPatches(), dense("classes")]`;
  const graph = compileTiny("optimizer: adam({ learningRate: 1e-3 })", `${features}, ${network}`);
  const model: onnx.IModelProto = decodeOnnx(readFileSync(graph));
  const extended = extend(model, "embedding", "attention");
  expect(extended.graph?.output?.at(-1)).toMatchObject({
    name: "attention",
    type: { tensorType: { shape: { dim: [{ dimParam: "batch" }, { dimParam: "tokens" }] } } },
  });
  const { embedding, attention } = await run(extended);
  expect(embedding?.dims).toStrictEqual([2, 8]);
  // 3 rows of the 2 patches that 17 frames have.
  expect(attention?.dims).toStrictEqual([2, 6]);
  const node = model.graph?.node?.filter(({ output }) => output?.[0] !== "forward/length/sub.0") ?? [];
  expect(withOutputs({ ...model, graph: { ...model.graph, node } }, ["attention"])).toBe(
    "it does not tell which tokens are a clip's own",
  );
});
