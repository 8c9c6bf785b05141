import type { onnx } from "../../../compiler/artifact/onnx.ts";
import { describe, expect, test } from "vitest";
import { cpuDevice } from "../../../runtime/engine/device.ts";
import { inPlaceStates } from "../../../runtime/engine/in-place.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { loopProgram } from "../../../runtime/engine/loop-program.ts";
import { trainingProgram } from "../../../runtime/engine/session-program.ts";
import { openTrainingSession } from "../../../runtime/engine/training-session.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { createRunner } from "../../onnx/training-info-runner.ts";
import { compileTiny } from "./compile-tiny.ts";
import { plainEngine } from "./plain-engine.ts";
import { hostTensor } from "./host-tensor.ts";

const recipes = [
  "optimizer: adam({ learningRate: 0.01 })",
  "optimizer: adam({ learningRate: 0.01, weightDecay: 0.1 })",
  "optimizer: adamW({ learningRate: 0.01, weightDecay: 0.1 })",
  "optimizer: adamW({ learningRate: 0.01, weightDecay: 0.1 }), clipNorm: 0.1",
  'optimizer: adamW({ learningRate: 0.01 }), rates: { "patchEmbedding.*": 0, "blocks.0.*": 0.1 }',
  "optimizer: adam({ learningRate: 0.01 }), accumulate: 2",
  "optimizer: adam({ learningRate: 0.01 }), precision: mixedFloat16({ initialScale: 2 ** 127 })",
  "optimizer: adamW({ learningRate: 0.01, weightDecay: 0.1 }), accumulate: 2, clipNorm: 1, precision: mixedFloat16()",
  'optimizer: adam({ learningRate: 0.01, weightDecay: 0.1 }), accumulate: 2, clipNorm: 0.1, precision: mixedFloat16({ initialScale: 2 ** 127 }), rates: { "patchEmbedding.*": 0, "blocks.0.*": 0.1 }',
];

/** A network that keeps statistics of what it has seen. */
const normalizing = `network: [
  patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 }),
  batchNorm(), residual(batchNorm(), attention({ heads: 2 })), meanOfTokens(), dense("classes"),
]`;

const cases: readonly (readonly [recipe: string, model: string])[] = [
  ...recipes.map((recipe) => [recipe, ""] as const),
  ["optimizer: adam({ learningRate: 0.01 }), accumulate: 2", normalizing],
  ["optimizer: adamW({ learningRate: 0.01 }), precision: mixedFloat16()", normalizing],
];

describe("every state of the update is written in place, to the last bit as into fresh tensors", () => {
  test.each(cases)("%s %s", async (recipe, model) => {
    const path = compileTiny(recipe, model);
    const artifact = readArtifact(path);
    const { gradients, update } = trainingProgram(artifact);
    const elsewhere = [...gradients.replaces, ...update.replaces].filter(({ inPlace }) => !inPlace);
    expect(elsewhere).toStrictEqual([]);

    const [session, reference] = [
      await openTrainingSession(plainEngine, artifact, cpuDevice),
      await createRunner(path),
    ];
    const { accumulate } = artifact.metadata.recipe;
    for (let part = 0; part < 12; part++) {
      const feeds = {
        waveform: hostTensor("float32", generateTensor(`in-place/${part}`, 2 * 4000, 0.3), [2, 4000]),
        targets: hostTensor("float32", Float32Array.of(1, 0, 0, 1), [2, 2]),
        learning_rate: hostTensor("float32", Float32Array.of(0.01), []),
      };
      const place = part % accumulate;
      const endsStep = place === accumulate - 1;
      const isAdded = hostTensor("bool", Uint8Array.of(place > 0 ? 1 : 0), []);
      await session.steps([{ feeds, endsStep }]);
      await reference.step({ ...feeds, accumulate: isAdded }, endsStep ? [0, 1] : [0]);
    }
    expect(session.changing.length).toBeGreaterThan(10);
    for (const { name } of session.changing) {
      expect((await session.read(name)).data, name).toStrictEqual(reference.state.get(name)?.data);
    }
    await session.close();
  });
});

test("a program of several steps in one run overwrites nothing: each of its turns reads what the one before it gave", () => {
  const artifact = readArtifact(compileTiny("optimizer: adamW({ learningRate: 0.01 }), accumulate: 2, stepsPerRun: 3"));
  const { replaces } = loopProgram(trainingProgram(artifact));
  expect(replaces.length).toBeGreaterThan(10);
  expect(replaces.filter(({ inPlace }) => inPlace)).toStrictEqual([]);
});

const node = (opType: string, input: string[], output: string): onnx.INodeProto => ({
  opType,
  input,
  output: [output],
});

/** Whether x, which y replaces, may be overwritten. */
const isInPlace = (...nodes: readonly onnx.INodeProto[]): boolean =>
  inPlaceStates(nodes, [{ state: "x", next: "y" }]).has("x");

describe("a state may be overwritten where nothing reads it any more", () => {
  test("what leads to the replacement may read it, directly and through views", () => {
    expect(isInPlace(node("Sub", ["x", "step"], "y"))).toBe(true);
    expect(isInPlace(node("MatMul", ["x", "w"], "a"), node("Add", ["x", "a"], "y"))).toBe(true);
    expect(isInPlace(node("Reshape", ["x", "s"], "v"), node("Relu", ["v"], "a"), node("Add", ["x", "a"], "y"))).toBe(
      true,
    );
    expect(isInPlace(node("Relu", ["w"], "y"))).toBe(true);
  });

  test("nothing else may, however it comes to it", () => {
    const replace = node("Sub", ["x", "step"], "y");
    expect(isInPlace(replace, node("Relu", ["x"], "other"))).toBe(false);
    expect(isInPlace(node("Reshape", ["x", "s"], "v"), replace, node("Relu", ["v"], "other"))).toBe(false);
    const branch: onnx.INodeProto = { ...node("If", ["c"], "other"), attribute: [{ name: "then_branch", g: {} }] };
    expect(isInPlace(replace, branch)).toBe(false);
  });

  test("what reads other places than it writes may not be the replacement", () => {
    expect(isInPlace(node("MatMul", ["x", "w"], "y"))).toBe(false);
    expect(isInPlace(node("Transpose", ["x"], "y"))).toBe(false);
  });

  test("a replacement that is no node's, or two states'", () => {
    expect(inPlaceStates([], [{ state: "x", next: "y" }])).toStrictEqual(new Set());
    const replacements = ["x", "z"].map((state) => ({ state, next: "y" }));
    expect(inPlaceStates([node("Relu", ["w"], "y")], replacements)).toStrictEqual(new Set());
  });
});

test("two states that each read the other: both are put elsewhere first", () => {
  const nodes = [node("Add", ["x", "z"], "x_next"), node("Sub", ["x", "z"], "z_next")];
  const replacements = ["x", "z"].map((state) => ({ state, next: `${state}_next` }));
  expect(inPlaceStates(nodes, replacements)).toStrictEqual(new Set());
});
