import { type InferenceSession, Tensor } from "../../onnxruntime.ts";
import { describe, expect, test } from "vitest";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { declareLossScale, skipOverflow, unscaleGradients } from "../../../compiler/lower/loss-scaling.ts";
import { softwareGpu } from "../../software-gpu.ts";
import { openGraphRunner } from "../open-graph-runner.ts";
import { programOf } from "../program-of.ts";

interface Step {
  readonly weight: number;
  readonly bias: number;
  readonly updates: number;
  readonly scale: number;
  readonly goodSteps: number;
}

/** Subtracts gradients, which are inputs, from two parameters, and counts that. */
const open = async (initialScale: number, growthInterval: number, options: InferenceSession.SessionOptions) => {
  const b = createBuilder();
  const type = { dtype: "float32", shape: [2] } as const;
  const zeros = { initializer: { kind: "zeros" }, fanIn: 1 } as const;
  const parameters = ["weight", "bias"].map((name) => b.state({ kind: "parameter", ...zeros }, name, type));
  const updates = b.state({ kind: "optimizer", ...zeros }, "updates", { dtype: "int32", shape: [] });
  const precision = { kind: "mixed-float16", initialScale, growthInterval } as const;
  const lossScale = declareLossScale(b, precision);
  if (!lossScale) throw new Error("mixed precision scales the loss");
  const scaled = new Map(parameters.map(({ name }) => [name, b.mul(lossScale.scale, b.input(`d${name}`, type))]));
  const found = unscaleGradients(b, lossScale, scaled);
  const optimized = [
    ...parameters.map((state) => ({ state, next: b.sub(state, found.get(state.name) ?? state) })),
    { state: updates, next: b.add(updates, b.constant("one", [], Int32Array.of(1))) },
  ];
  for (const { state, next } of skipOverflow(b, lossScale, found, optimized)) b.update(state, next);
  const { state, step } = await openGraphRunner(programOf(b.finish([])), options);
  const last = (name: string): number => Number(state.get(name)?.data.at(-1));
  return async (weight: number, bias: number): Promise<Step> => {
    const pair = (value: number): Tensor => new Tensor("float32", [0, value], [2]);
    await step({ dweight: pair(weight), dbias: pair(bias) });
    return {
      weight: last("weight"),
      bias: last("bias"),
      updates: last("updates"),
      scale: last("loss_scale.scale"),
      goodSteps: last("loss_scale.good_steps"),
    };
  };
};

if (softwareGpu !== undefined) process.env["VK_DRIVER_FILES"] = softwareGpu;
const webgpu = { executionProviders: ["webgpu"], extra: { session: { disable_cpu_ep_fallback: "1" } } };

const providers: readonly (readonly [string, InferenceSession.SessionOptions])[] = [
  ["cpu", {}],
  ...(softwareGpu === undefined ? [] : [["webgpu", webgpu] as const]),
];

describe.each(providers)("loss scaling on %s", (_, options) => {
  test("a step whose gradients overflow changes nothing but the scale", async () => {
    const step = await open(8, 100, options);
    expect(await step(1, -2)).toStrictEqual({ weight: -1, bias: 2, updates: 1, scale: 8, goodSteps: 1 });
    expect(await step(Infinity, 1)).toStrictEqual({ weight: -1, bias: 2, updates: 1, scale: 4, goodSteps: 0 });
    expect(await step(1, -Infinity)).toStrictEqual({ weight: -1, bias: 2, updates: 1, scale: 2, goodSteps: 0 });
    expect(await step(1, NaN)).toStrictEqual({ weight: -1, bias: 2, updates: 1, scale: 1, goodSteps: 0 });
    // Finite before it is scaled, and after, but not its square.
    expect(await step(3e38, 1)).toStrictEqual({ weight: -1, bias: 2, updates: 1, scale: 0.5, goodSteps: 0 });
    expect(await step(1, 1)).toStrictEqual({ weight: -2, bias: 1, updates: 2, scale: 0.5, goodSteps: 1 });
  });

  test("a scale that is too large halves until the gradients fit", async () => {
    const step = await open(2 ** 126, 100, options);
    const scales: number[] = [];
    for (let index = 0; index < 4; index++) scales.push((await step(16, 0)).scale);
    expect(scales).toStrictEqual([2 ** 125, 2 ** 124, 2 ** 123, 2 ** 123]);
    expect(await step(16, 0)).toStrictEqual({ weight: -32, bias: 0, updates: 2, scale: 2 ** 123, goodSteps: 2 });
  });

  test("after enough good steps in a row the scale doubles and the count starts again", async () => {
    const step = await open(4, 3, options);
    const found: (readonly [number, number])[] = [];
    for (const gradient of [1, 1, Infinity, 1, 1, 1, 1, 1, 1]) {
      const { scale, goodSteps } = await step(gradient, 1);
      found.push([scale, goodSteps]);
    }
    expect(found).toStrictEqual([
      [4, 1],
      [4, 2],
      [2, 0],
      [2, 1],
      [2, 2],
      [4, 0],
      [4, 1],
      [4, 2],
      [8, 0],
    ]);
  });

  test("the scale stops growing before it, or its reciprocal, overflows", async () => {
    const step = await open(2 ** 125, 1, options);
    expect((await step(0, 0)).scale).toBe(2 ** 126);
    expect((await step(0, 0)).scale).toBe(2 ** 126);
  });
});
