import { describe, expect, test } from "vitest";
import { lowerSpec } from "../../../compiler/lower/lower-spec.ts";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import type { Graph, Node, Role, Value } from "../../../compiler/ir/graph.ts";
import type { Program } from "../../../compiler/ir/program.ts";
import { printGraph } from "../../../compiler/ir/print-graph.ts";
import { verify } from "../../../compiler/ops/verify.ts";
import { findOp } from "../../../compiler/ops/table.ts";
import { gradients } from "../../../compiler/passes/gradients.ts";
import { mixedPrecision } from "../../../compiler/passes/mixed-precision.ts";
import { mixedFloat16 } from "../../../spec/dsl/index.ts";
import quickstart from "../../../spec/quickstart.ts";

const parameter = { kind: "parameter", initializer: { kind: "zeros" }, fanIn: 1 } as const;
const matrix = { dtype: "float32", shape: [2, 2] } as const;

/** Writes nodes of the training network. */
const train = (write: (b: ReturnType<typeof createBuilder>, x: Value, weight: Value) => Value): string => {
  const b = createBuilder();
  const [x, weight] = [b.input("x", matrix), b.state(parameter, "weight", matrix)];
  const output = b.from({ path: "net", role: "training" }, () => write(b, x, weight));
  return printGraph(verify(mixedPrecision(b.finish([output]))))
    .split("\n")
    .slice(2, -1)
    .join("\n");
};

test("a product, its gradient and an update: the casts, and what stays as it is", () => {
  const b = createBuilder();
  const [x, weight] = [b.input("x", matrix), b.state(parameter, "weight", matrix)];
  const features = b.from({ path: "features", role: "forward" }, () => b.log(x));
  const inferred = b.from({ path: "net", role: "forward" }, () => b.matMul(features, weight));
  const y = b.from({ path: "net", role: "training" }, () => b.matMul(b.matMul(features, weight), weight));
  const loss = b.from({ path: "objective", role: "loss" }, () => b.reduceSum(y, { axes: [0, 1], keepdims: 0 }));
  const gradient = gradients(b.finish([loss]), b, loss, [weight]).get("weight") ?? weight;
  b.from({ path: "weight", role: "optimizer" }, () => b.update(weight, b.sub(weight, gradient)));
  expect(printGraph(verify(mixedPrecision(b.finish([inferred, loss]))))).toBe(
    `input x: float32[2, 2]
state weight: float32[2, 2] <- optimizer/weight/sub.0
constant constant/1: float32[]
forward/features/log.0: float32[2, 2] = log(x)
forward/net/matMul.0: float32[2, 2] = matMul(forward/features/log.0, weight)
training/net/cast.0: float16[2, 2] = cast(forward/features/log.0, to=10)
training/net/cast.1: float16[2, 2] = cast(weight, to=10)
training/net/matMul.0: float16[2, 2] = matMul(training/net/cast.0, training/net/cast.1)
training/net/matMul.1: float16[2, 2] = matMul(training/net/matMul.0, training/net/cast.1)
loss/objective/cast.0: float32[2, 2] = cast(training/net/matMul.1, to=1)
loss/objective/reduceSum.0: float32[] = reduceSum(loss/objective/cast.0, axes=[0,1], keepdims=0)
gradient/objective/reshape.0: float32[1, 1] = reshape(constant/1, shape=[1,1])
gradient/objective/shape.0: int64[2] = shape(loss/objective/cast.0)
gradient/objective/expand.0: float32[2, 2] = expand(gradient/objective/reshape.0, gradient/objective/shape.0, to=[2,2])
gradient/net/transpose.0: float16[2, 2] = transpose(training/net/cast.1, perm=[1,0])
gradient/net/cast.0: float16[2, 2] = cast(gradient/objective/expand.0, to=10)
gradient/net/matMul.0: float16[2, 2] = matMul(gradient/net/cast.0, gradient/net/transpose.0)
gradient/net/transpose.1: float16[2, 2] = transpose(training/net/matMul.0, perm=[1,0])
gradient/net/matMul.1: float16[2, 2] = matMul(gradient/net/transpose.1, gradient/net/cast.0)
gradient/net/transpose.2: float16[2, 2] = transpose(training/net/cast.0, perm=[1,0])
gradient/net/matMul.2: float16[2, 2] = matMul(gradient/net/transpose.2, gradient/net/matMul.0)
gradient/net/add.0: float16[2, 2] = add(gradient/net/matMul.1, gradient/net/matMul.2)
optimizer/weight/cast.0: float32[2, 2] = cast(gradient/net/add.0, to=1)
optimizer/weight/sub.0: float32[2, 2] = sub(weight, optimizer/weight/cast.0)
output forward/net/matMul.0
output loss/objective/reduceSum.0
`,
  );
});

describe("operators that follow", () => {
  test("are float16 where their float operands are; scalar constants adapt", () => {
    expect(train((b, x, weight) => b.neg(b.mul(b.matMul(x, weight), b.scalar(0.5))))).toBe(
      `constant constant/0.5: float32[]
constant constant/0.5/float16: float16[]
training/net/cast.0: float16[2, 2] = cast(x, to=10)
training/net/cast.1: float16[2, 2] = cast(weight, to=10)
training/net/matMul.0: float16[2, 2] = matMul(training/net/cast.0, training/net/cast.1)
training/net/mul.0: float16[2, 2] = mul(training/net/matMul.0, constant/0.5/float16)
training/net/neg.0: float16[2, 2] = neg(training/net/mul.0)
training/net/cast.2: float32[2, 2] = cast(training/net/neg.0, to=1)
output training/net/cast.2`,
    );
  });

  test("are float32 beside a float32 operand, or a constant that float16 cannot hold", () => {
    expect(train((b, x, weight) => b.add(b.add(b.matMul(x, weight), b.scalar(1e-6)), weight))).toBe(
      `constant constant/0.000001: float32[]
training/net/cast.0: float16[2, 2] = cast(x, to=10)
training/net/cast.1: float16[2, 2] = cast(weight, to=10)
training/net/matMul.0: float16[2, 2] = matMul(training/net/cast.0, training/net/cast.1)
training/net/cast.2: float32[2, 2] = cast(training/net/matMul.0, to=1)
training/net/add.0: float32[2, 2] = add(training/net/cast.2, constant/0.000001)
training/net/add.1: float32[2, 2] = add(training/net/add.0, weight)
output training/net/add.1`,
    );
  });

  test("leave integers and booleans alone", () => {
    expect(
      train((b, x, weight) => {
        const y = b.matMul(x, weight);
        return b.where(b.less(b.scalar(0), y), b.gather(y, b.int64s([1, 0]), { axis: 0 }), b.scalar(0));
      }),
    ).toBe(
      `constant constant/0: float32[]
constant constant/[1,0]: int64[2]
constant constant/0/float16: float16[]
training/net/cast.0: float16[2, 2] = cast(x, to=10)
training/net/cast.1: float16[2, 2] = cast(weight, to=10)
training/net/matMul.0: float16[2, 2] = matMul(training/net/cast.0, training/net/cast.1)
training/net/less.0: bool[2, 2] = less(constant/0/float16, training/net/matMul.0)
training/net/gather.0: float16[2, 2] = gather(training/net/matMul.0, constant/[1,0], axis=0)
training/net/where.0: float16[2, 2] = where(training/net/less.0, training/net/gather.0, constant/0/float16)
training/net/cast.2: float32[2, 2] = cast(training/net/where.0, to=1)
output training/net/cast.2`,
    );
  });
});

test("what depends on no parameter stays float32, products too", () => {
  expect(train((b, x) => b.matMul(x, x))).toBe(
    "training/net/matMul.0: float32[2, 2] = matMul(x, x)\noutput training/net/matMul.0",
  );
});

describe("the quickstart", () => {
  const training = { ...quickstart.training, precision: mixedFloat16() };
  const lower = (model: typeof quickstart): Program =>
    lowerSpec(
      normalizeSpec(model, () => undefined, "spec.ts"),
      "waveform",
      () => undefined,
    );
  const stagesOf = ({ inference, gradients, update }: Program): readonly Graph[] =>
    [inference, gradients, update].flatMap((stage) => stage ?? []);
  const nodesOf = (program: Program): readonly Node[] => [
    ...new Map(stagesOf(program).flatMap(({ nodes }) => nodes.map((node) => [node.outputs[0]?.name, node]))).values(),
  ];
  const mixed = lower({ ...quickstart, training });
  const plain = lower(quickstart);
  const nodes = nodesOf(mixed);
  const states = stagesOf(mixed).flatMap((stage) => stage.states);
  const withRole = (...roles: readonly Role[]): readonly Node[] =>
    nodes.filter(({ origin }) => roles.includes(origin.role));
  const dtypes = (node: Node): readonly string[] =>
    [...node.inputs, ...node.outputs].flatMap((value) => (value ? [value.type.dtype] : []));

  test("inference is that of float32", () => {
    expect(printGraph(mixed.inference)).toBe(printGraph(plain.inference));
    expect(withRole("forward").flatMap(dtypes)).not.toContain("float16");
    expect(nodesOf(plain).map(({ origin }) => origin.role)).not.toContain("training");
    expect(nodesOf(plain).flatMap(dtypes)).not.toContain("float16");
  });

  test("every product of the training network and its gradient is float16", () => {
    const products = withRole("training", "gradient").filter(({ op }) => op === "matMul" || op === "gemm");
    expect(products.length).toBeGreaterThan(30);
    expect(new Set(products.flatMap(dtypes))).toStrictEqual(new Set(["float16"]));
  });

  test("no operator whose row says full takes or gives float16", () => {
    const full = nodes.filter(({ op }) => findOp(op).precision === "full");
    expect(new Set(full.map(({ op }) => op))).toContain("softmax");
    expect(full.flatMap(dtypes)).not.toContain("float16");
  });

  test("the features, the loss and the optimizer are float32, but for the casts they read through", () => {
    const others = withRole("forward", "loss", "optimizer").filter(({ op }) => op !== "cast");
    expect(others.flatMap(dtypes)).not.toContain("float16");
    expect(states.flatMap(({ value, next }) => [value, next ?? value]).map(({ type }) => type.dtype)).not.toContain(
      "float16",
    );
    // The loss reads the logits, each gradient of a parameter is read once.
    const casts = (role: Role): number => withRole(role).filter((node) => dtypes(node)[0] === "float16").length;
    expect(casts("loss")).toBe(1);
    expect(casts("optimizer")).toBeLessThanOrEqual(states.filter(({ kind }) => kind === "parameter").length);
  });

  test("no value is cast twice; the two passes share a weight's copy", () => {
    const sources = nodes
      .filter(({ op, inputs }) => op === "cast" && inputs[0]?.type.dtype.startsWith("float"))
      .map(({ inputs }) => inputs[0]?.name);
    expect(new Set(sources).size).toBe(sources.length);
    const copies = nodes.filter(({ op, inputs }) => op === "cast" && inputs[0]?.name === "dense.weight");
    const [copy] = copies;
    const readers = nodes.filter(({ inputs }) => inputs.some((input) => input?.name === copy?.outputs[0]?.name));
    expect(copies).toHaveLength(1);
    expect(new Set(readers.map(({ origin }) => origin.role))).toStrictEqual(new Set(["training", "gradient"]));
  });
});
