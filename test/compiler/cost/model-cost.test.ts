/** Costs as the compiler tells them, against those of tensors that ONNX Runtime has really made and operators in the file. */
import { describe, expect, test } from "vitest";
import { costFor, type Extent, type StageCost } from "../../../compiler/artifact/cost.ts";
import { evaluate, type Lengths } from "../../../compiler/artifact/dim.ts";
import { bytesPerElement } from "../../../compiler/artifact/element-types.ts";
import { decodeOnnx, type onnx } from "../../../compiler/artifact/onnx.ts";
import { lowerSpec } from "../../../compiler/lower/lower-spec.ts";
import { modelCost } from "../../../compiler/cost/model-cost.ts";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import type { DType, Graph, Value } from "../../../compiler/ir/graph.ts";
import type { Program } from "../../../compiler/ir/program.ts";
import { Tensor } from "../../onnxruntime.ts";
import { ast, type AstOptions } from "../../../spec/ast.ts";
import {
  adamW,
  batchNorm,
  dense,
  dropPath,
  type Layers,
  maskFrequency,
  maskTime,
  meanOfPatches,
  mixedFloat16,
  mixup,
  multiLabel,
  noise,
  patchEmbedding,
  residual,
  roll,
} from "../../../spec/dsl/index.ts";
import { encodeGraph, runGraph } from "../run-graph.ts";
import { tiny } from "../tiny-model.ts";

type Shapes = ReadonlyMap<string, readonly number[]>;

const count = (shape: readonly number[] = []): number => shape.reduce((product, length) => product * length, 1);

/** Zeros, whatever the type. */
const zeros = ({ dtype, shape }: Value["type"], lengths: Lengths): Tensor => {
  const dims = shape.map((dim) => evaluate(dim, lengths));
  const Data = {
    float32: Float32Array,
    float16: Uint16Array,
    int32: Int32Array,
    int64: BigInt64Array,
    bool: Uint8Array,
  };
  return new Tensor(dtype, new Data[dtype](count(dims)), dims);
};

/** A stage that gives every tensor it makes, on states that are fed. */
const exposed = ({ inputs, constants, states, nodes }: Graph): Graph => ({
  inputs: [...inputs, ...states.map(({ value }) => value)],
  constants,
  states: [],
  nodes,
  outputs: nodes.flatMap(({ outputs }) => outputs),
});

/** Operations for an element of the result, or of the operand where it is reduced. */
const perResult: Readonly<Record<string, number>> = {
  Add: 1,
  Sub: 1,
  Mul: 1,
  Div: 1,
  Neg: 1,
  Abs: 1,
  Sqrt: 1,
  Relu: 1,
  Clip: 1,
  HardSigmoid: 2,
  Floor: 1,
  Less: 1,
  LessOrEqual: 1,
  Equal: 1,
  Where: 1,
  Exp: 4,
  Log: 4,
  Tanh: 4,
  Sigmoid: 4,
  Softmax: 6,
  Erf: 8,
  LayerNormalization: 8,
  Gelu: 10,
};
const perOperand: Readonly<Record<string, number>> = { ReduceSum: 1, ReduceMean: 1, ReduceLogSumExp: 6 };
const moves = new Set("Reshape Transpose Concat Split Slice Pad Gather GatherElements Expand Shape Cast".split(" "));

/** From an operator of the file, and the shapes that its tensors had. */
const flopsOf = ({ opType, input, output, attribute }: onnx.INodeProto, shapes: Shapes): number => {
  const [a = [], y = []] = [input?.[0], output?.[0]].map((name) => shapes.get(name ?? ""));
  const type = opType ?? "";
  if (type === "MatMul") return 2 * count(y) * (a.at(-1) ?? 1);
  if (type === "Gemm") {
    const isTransposed = Number(attribute?.find(({ name }) => name === "transA")?.i) === 1;
    return 2 * count(y) * (a[isTransposed ? 0 : 1] ?? 1);
  }
  const [forResult, forOperand] = [perResult[type], perOperand[type]];
  if (forResult !== undefined) return forResult * count(y);
  if (forOperand !== undefined) return forOperand * count(a);
  if (moves.has(type)) return 0;
  throw new Error(`${type} is not counted`);
};

const add = (total: number, next: number): number => total + next;

/** What a stage makes and takes when it is run. */
const measure = async (stage: Graph, { batch, samples }: Extent) => {
  const graph = exposed(stage);
  const lengths = { batch, samples, drawn_samples: samples };
  const feeds = Object.fromEntries(graph.inputs.map(({ name, type }) => [name, zeros(type, lengths)]));
  const results = await runGraph(graph, feeds);
  const made = graph.outputs.map(({ name }, index) => ({
    name,
    dims: results[index]?.dims ?? [],
    dtype: results[index]?.type,
  }));
  const constants = graph.constants.map(({ value }) => [value.name, value.type.shape.map(Number)] as const);
  const fed = Object.entries(feeds).map(([name, { dims }]) => [name, dims] as const);
  const shapes = new Map([...made.map(({ name, dims }) => [name, dims] as const), ...constants, ...fed]);
  const nodes = decodeOnnx(encodeGraph(graph)).graph?.node ?? [];
  const views = new Set(nodes.flatMap(({ opType, output }) => (opType === "Reshape" ? output : [])));
  const bytes = made
    .filter(({ name }) => !views.has(name))
    .map(({ dims, dtype }) => count(dims) * bytesPerElement[dtype as DType]);
  return {
    shapes: made.map(({ name, dims }) => `${name} ${dims.join()}`),
    flops: nodes.map((node) => flopsOf(node, shapes)).reduce(add),
    activationBytes: bytes.reduce(add),
    largestTensorBytes: Math.max(...bytes),
  };
};

/** The same, as the compiler tells them without running anything. */
const tell = (stage: Graph, cost: StageCost | null, extent: Extent) => {
  const lengths = { batch: extent.batch, samples: extent.samples, drawn_samples: extent.samples };
  const values = stage.nodes.flatMap(({ outputs }) => outputs);
  return {
    shapes: values.map(({ name, type }) => `${name} ${type.shape.map((dim) => evaluate(dim, lengths)).join()}`),
    flops: evaluate(cost?.flops ?? 0, lengths),
    activationBytes: evaluate(cost?.activationBytes ?? 0, lengths),
    largestTensorBytes: Math.max(...(cost?.largestTensorBytes ?? []).map((bytes) => evaluate(bytes, lengths))),
  };
};

const lower = (options: AstOptions, input: "waveform" | "features"): Program => {
  const small = {
    size: { width: 8, depth: 1, heads: 2 },
    frames: 32,
    objective: multiLabel({ classes: ["no", "yes"] }),
  };
  return lowerSpec(
    normalizeSpec(ast({ ...small, ...options }), () => undefined, "spec.ts"),
    input,
    () => undefined,
  );
};

const training = { optimizer: adamW({ learningRate: 1e-4, weightDecay: 0.01 }), batch: 4, epochs: 1 };
const augment = [mixup({ rate: 0.6 }), maskFrequency({ bins: 48 }), maskTime({ frames: 12 }), noise(), roll()];

/** Layers that are other in training than in inference. */
const changing = (): Program => {
  const network: Layers = [
    patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 }),
    batchNorm(),
    residual(dense(8), dropPath({ rate: 0.5 })),
    meanOfPatches(),
    dense("classes"),
  ];
  const spec = normalizeSpec(tiny({ network }), () => undefined, "spec.ts");
  return lowerSpec(spec, "waveform", () => undefined);
};

describe.each([
  ["a plain model", lower({}, "waveform")],
  ["layers that change in training", changing()],
  ["augmentation", lower({ training: { ...training, augment } }, "waveform")],
  [
    "accumulation, clipping and slower parts, from features",
    lower({ training: { ...training, accumulate: 2, clipNorm: 1, rates: { "blocks.*": 0.1 } } }, "features"),
  ],
  ["mixed precision", lower({ training: { ...training, precision: mixedFloat16() } }, "waveform")],
])("%s", (_, program) => {
  const cost = modelCost(program);

  // Shorter than a frame's reach, as long as all frames, and longer.
  test.each([
    [1, 400],
    [3, 5360],
    [2, 20_000],
  ])("batch %i, %i samples: shapes, operations and bytes of all stages", async (batch, samples) => {
    for (const stage of ["inference", "gradients", "update"] as const) {
      const graph = program[stage];
      if (!graph) throw new Error(`no ${stage}`);
      expect(tell(graph, cost[stage], { batch, samples })).toStrictEqual(await measure(graph, { batch, samples }));
    }
  });

  test("a task is its stages, one after the other", () => {
    const extent = { batch: 3, samples: 5000 };
    const [inference, gradients, update] = (["inference", "gradients", "update"] as const).map((stage) => {
      const graph = program[stage];
      return graph ? tell(graph, cost[stage], extent) : undefined;
    });
    const { shapes: _shapes, ...figures } = inference ?? { shapes: [] };
    expect(costFor(cost, "inference", extent)).toMatchObject(figures);
    expect(costFor(cost, "training", extent)).toMatchObject({
      flops: (gradients?.flops ?? NaN) + (update?.flops ?? NaN),
      activationBytes: (gradients?.activationBytes ?? NaN) + (update?.activationBytes ?? NaN),
      largestTensorBytes: Math.max(gradients?.largestTensorBytes ?? NaN, update?.largestTensorBytes ?? NaN),
    });
  });
});
