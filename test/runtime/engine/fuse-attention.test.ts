import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { withOutputs } from "../../../compiler/artifact/extra-outputs.ts";
import { decodeOnnx, type onnx } from "../../../compiler/artifact/onnx.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { openClassifier } from "../../../runtime/engine/classifier.ts";
import { cpuDevice } from "../../../runtime/engine/device.ts";
import { countFused, fuseAttention } from "../../../runtime/engine/fuse-attention.ts";
import { openInsight } from "../../../runtime/engine/insight.ts";
import { nodeEngine } from "../../../runtime/engine/node.ts";
import { trainingProgram } from "../../../runtime/engine/session-program.ts";
import { openTrainingSession } from "../../../runtime/engine/training-session.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { compileTiny } from "./compile-tiny.ts";
import { hostTensor } from "./host-tensor.ts";
import { plainEngine } from "./plain-engine.ts";

const trained = "optimizer: adam({ learningRate: 1e-3 })";

interface Geometry {
  readonly heads: number;
  /** Of a patch. */
  readonly frames: number;
  readonly tokens: string;
  readonly blocks?: number;
}

/** A network of width 12, on 24 frames of 16 bins. */
const networkOf = ({ heads, frames, tokens, blocks = 2 }: Geometry): string => {
  const patch = `{ bins: 4, frames: ${frames} }`;
  const asks = `residual(layerNorm({ eps: 1e-6 }), attention({ heads: ${heads}, init: truncatedNormal({ std: 0.5 }) }))`;
  const names = tokens === "" ? "" : `prependTokens(${tokens}), `;
  return `network: [patchEmbedding({ patch: ${patch}, stride: ${patch}, width: 12 }), ${names}positionalEmbedding(), repeat(${blocks}, [${asks}, residual(dense(24), gelu(), dense(12))]), meanOfTokens(${tokens}), dense("classes")]`;
};

const readModel = (path: string): onnx.IModelProto => decodeOnnx(readFileSync(path));

const textOf = ({ graph }: onnx.IModelProto): readonly string[] =>
  (graph?.node ?? []).map(({ opType, input, output }) => `${output?.join()} = ${opType}(${input?.join()})`);

test("the pattern that the compiler writes becomes one operator; all else stays", () => {
  const model = readModel(compileTiny(trained, networkOf({ heads: 3, frames: 8, tokens: '"cls"' })));
  const [before, after] = [textOf(model), textOf(fuseAttention(model))];
  const path = (block: number): string => `forward/blocks.${block}.residual1.attention`;
  const added = after.filter((line) => !before.includes(line));
  expect(added).toStrictEqual([
    `${path(0)}/fused.flat = Reshape(${path(0)}/reshape.2,fused/[0,0,36])`,
    `${path(0)}/fused.queries,${path(0)}/fused.keys,${path(0)}/fused.values = Split(${path(0)}/fused.flat,fused/[12,12,12])`,
    `${path(0)}/fused.multiHeadAttention = MultiHeadAttention(${path(0)}/fused.queries,${path(0)}/fused.keys,${path(0)}/fused.values)`,
    `${path(0)}/transpose.2 = Reshape(${path(0)}/fused.multiHeadAttention,fused/[0,0,3,4])`,
    // Of the last block only one token asks.
    `${path(1)}/fused.flat = Reshape(${path(1)}/reshape.2,fused/[0,0,36])`,
    `${path(1)}/fused.queries,${path(1)}/fused.keys,${path(1)}/fused.values = Split(${path(1)}/fused.flat,fused/[12,12,12])`,
    `${path(1)}/fused.asked = Slice(${path(1)}/fused.queries,attribute/[0],attribute/[1],fused/[1])`,
    `${path(1)}/fused.multiHeadAttention = MultiHeadAttention(${path(1)}/fused.asked,${path(1)}/fused.keys,${path(1)}/fused.values)`,
    `${path(1)}/transpose.2 = Reshape(${path(1)}/fused.multiHeadAttention,fused/[0,0,3,4])`,
  ]);
  const removed = before.filter((line) => !after.includes(line)).map((line) => /= (\w+)/.exec(line)?.[1] ?? "");
  const layer = ["Transpose", "Split", "Reshape", "Reshape", "Reshape", "Mul", "Transpose", "MatMul", "Softmax"];
  const expected = [...layer, "MatMul", "Transpose", ...layer, "Slice", "MatMul", "Transpose"];
  const sorted = (names: readonly string[]): readonly string[] => names.toSorted((a, b) => a.localeCompare(b));
  expect(sorted(removed)).toStrictEqual(sorted(expected));
  expect(model.opsetImport).toHaveLength(1);
});

describe("scores are those of the plain graph", () => {
  test.each<Geometry & { readonly batch: number }>([
    { heads: 1, frames: 8, tokens: "", batch: 1 },
    { heads: 2, frames: 8, tokens: '"cls"', batch: 5 },
    { heads: 3, frames: 4, tokens: '"cls", "dist"', batch: 2 },
    { heads: 12, frames: 2, tokens: '"cls"', batch: 3 },
    { heads: 4, frames: 24, tokens: "", batch: 7 },
    { heads: 6, frames: 1, tokens: '"cls", "dist"', batch: 16, blocks: 4 },
  ])("$heads heads, patches of $frames frames, tokens $tokens, batch $batch", async ({ batch, ...geometry }) => {
    const artifact = readArtifact(compileTiny(trained, networkOf(geometry)));
    expect(fuseAttention(artifact.model)).not.toBe(artifact.model);
    const waveform = hostTensor("float32", generateTensor("fuse", batch * 4000, 0.5), [batch, 4000]);
    const logits: Float32Array[] = [];
    for (const engine of [nodeEngine, plainEngine]) {
      const classifier = await openClassifier(engine, artifact, cpuDevice);
      logits.push((await classifier.classify(waveform)).logits);
      await classifier.close();
    }
    const [found = [], expected = []] = logits;
    expect(expected).toHaveLength(batch * artifact.metadata.classes.length);
    expected.forEach((value, index) => expect(found[index]).toBeCloseTo(value, 5));
  });
});

describe("of training the forward pass, whose scores the gradients compute anew", () => {
  const network = networkOf({ heads: 3, frames: 4, tokens: '"cls"', blocks: 3 });
  const gradientsOf = async (engine: typeof nodeEngine, graph: string) => {
    const session = await openTrainingSession(engine, readArtifact(graph), cpuDevice);
    const waveform = hostTensor("float32", generateTensor("fuse", 4 * 4000, 0.5), [4, 4000]);
    const targets = hostTensor("float32", Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1), [4, 2]);
    const rate = hostTensor("float32", Float32Array.of(1e-3), []);
    const feeds = { waveform, targets, learning_rate: rate };
    const [loss] = await session.steps([{ feeds, endsStep: true }]);
    const names = Object.keys(session.state()).filter((name) => name.startsWith("gradient."));
    const values = await Promise.all(names.map(async (name) => [...(await session.read(name)).data].map(Number)));
    await session.close();
    return { loss: loss ?? NaN, names, values };
  };

  test("gives the same gradients", async () => {
    const graph = compileTiny(trained, network);
    expect(countFused(trainingProgram(readArtifact(graph)).gradients.model)).toBe(3);
    const [found, expected] = [await gradientsOf(nodeEngine, graph), await gradientsOf(plainEngine, graph)];
    expect(found.loss).toBeCloseTo(expected.loss, 5);
    expect(found.names).toStrictEqual(expected.names);
    expected.values.forEach((values, place) => {
      const largest = Math.max(...values.map(Math.abs));
      const errors = values.map((value, index) => Math.abs(value - (found.values[place]?.[index] ?? NaN)));
      expect(Math.max(...errors), expected.names[place]).toBeLessThanOrEqual(1e-4 * largest + 1e-8);
    });
  });

  test("stays where these are kept for them", () => {
    const { model } = trainingProgram(readArtifact(compileTiny(`${trained}, memory: "900 TB"`, network))).gradients;
    expect(fuseAttention(model)).toBe(model);
  });
});

describe("a graph is left as it is", () => {
  const compiled = (): string => compileTiny(trained, networkOf({ heads: 3, frames: 8, tokens: '"cls"' }));

  test("whose attention is asked for, and gives it", async () => {
    const graph = compiled();
    const extended = withOutputs(readModel(graph), ["attention"]);
    if (typeof extended === "string") throw new Error(extended);
    expect(fuseAttention(extended)).toBe(extended);
    const insight = await openInsight(nodeEngine, readArtifact(graph), cpuDevice, ["attention"]);
    const waveform = hostTensor("float32", generateTensor("fuse", 4000, 0.5), [1, 4000]);
    const { attention } = await insight.look(waveform);
    expect(attention.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    await insight.close();
  });

  test("of clips of any length", () => {
    const features =
      "features: [kaldiFbank({ bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: 'hanning' }), anyLength({ frames: 24, least: 8, most: 64 })]";
    const model = readModel(
      compileTiny(trained, `${features}, ${networkOf({ heads: 3, frames: 8, tokens: '"cls"' })}`),
    );
    expect(fuseAttention(model)).toBe(model);
  });

  test.each<[string, (node: onnx.INodeProto) => onnx.INodeProto]>([
    ["a softmax along another axis", (node) => changed(node, "Softmax", { i: 1 })],
    ["heads that are joined otherwise", (node) => changed(node, "Transpose", { ints: [0, 2, 1, 3].toReversed() })],
    ["parts in another order", (node) => (node.opType === "Split" ? reversed(node) : node)],
    [
      "a scale that is no constant",
      (node) => (node.opType === "Mul" ? { ...node, input: [node.input?.[0] ?? "", "waveform"] } : node),
    ],
  ])("that has %s", (_, change) => {
    const model = readModel(compiled());
    const other = { ...model, graph: { ...model.graph, node: (model.graph?.node ?? []).map(change) } };
    expect(fuseAttention(other)).toBe(other);
  });
});

const changed = (node: onnx.INodeProto, opType: string, value: onnx.IAttributeProto): onnx.INodeProto =>
  node.opType === opType ? { ...node, attribute: (node.attribute ?? []).map((each) => ({ ...each, ...value })) } : node;

const reversed = (node: onnx.INodeProto): onnx.INodeProto => ({ ...node, output: (node.output ?? []).toReversed() });
