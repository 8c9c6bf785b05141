/** The paper's ablations: every variant compiles, costs what the paper says, and the class token's place makes no difference. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { measureCosts } from "../../compiler/compile.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import { readModels } from "../../compiler/frontend/read-spec.ts";
import { parametersOf, type Program, weightsOf } from "../../compiler/ir/program.ts";
import { lowerSpec } from "../../compiler/lower/lower-spec.ts";
import { initialize } from "../../compiler/weights/initialize.ts";
import { ast, type AstOptions } from "../../spec/ast.ts";
import { numbered, singleLabel } from "../../spec/dsl/index.ts";
import { runGraph } from "../compiler/run-graph.ts";
import { Tensor } from "../onnxruntime.ts";

const folder = fileURLToPath(new URL("../../spec/ablations", import.meta.url));

const variantsOf = (spec: string) => {
  const read = readModels(join(folder, spec));
  if ("model" in read) throw new Error(`${spec} exports no variants`);
  return read.variants;
};

/** Patches of each variant, and operations to infer a clip. */
const measure = (spec: string) =>
  variantsOf(spec).map(({ name, model, locate, seeds }) => {
    const normalized = normalizeSpec(model, locate, join(folder, spec));
    const program = lowerSpec(normalized, "waveform", locate);
    const shapes = new Map(parametersOf(program).map(({ value }) => [value.name, value.type.shape]));
    const [, positions] = shapes.get("positionalEmbedding.weight") ?? [];
    const tokens = [...shapes.keys()].filter((parameter) => parameter.startsWith("addTokens.")).length;
    return { name, patches: Number(positions) - tokens, trains: program.gradients !== undefined, seeds: seeds.length };
  });

const found = Object.fromEntries(readdirSync(folder).map((spec) => [spec, measure(spec)]));

test("each table is a spec, and each of its variants a program that trains", () => {
  expect(
    Object.values(found)
      .flat()
      .every(({ trains }) => trains),
  ).toBe(true);
  const names = Object.entries(found).map(([spec, all]) => [spec, all.map(({ name }) => name)] as const);
  expect(Object.fromEntries(names)).toStrictEqual({
    "class-token.ts": ["tokensAt=first", "tokensAt=last"],
    "ensemble-m.ts": [
      "stride=10,seed=0",
      "stride=10,seed=1",
      "stride=10,seed=2",
      "stride=12",
      "stride=14",
      "stride=16",
    ],
    "ensemble-s.ts": ["stride=10"],
    "esc10-overlap.ts": ["stride=16", "stride=14", "stride=12", "stride=10"],
    "overlap.ts": ["stride=16", "stride=14", "stride=12", "stride=10"],
    "patch-shape.ts": ["128x2", "16x16", "32x32"],
    "positions.ts": ["bilinear", "nearest", "random"],
    "pretraining.ts": ["imagenet", "none"],
  });
  expect(found["ensemble-s.ts"]?.map(({ seeds }) => seeds)).toStrictEqual([3]);
});

test("patches are as many as the paper has", () => {
  expect(found["overlap.ts"]?.map(({ patches }) => patches)).toStrictEqual([512, 657, 850, 1212]);
  expect(found["patch-shape.ts"]?.map(({ patches }) => patches)).toStrictEqual([512, 512, 128]);
});

test.each([
  ["stride=16", 514],
  ["stride=10", 1214],
])("attention's work of %s is a multiple of the tokens and of their square", (variant, tokens) => {
  const { costs } = measureCosts(
    { spec: join(folder, "overlap.ts"), out: "", input: "waveform", variant },
    { batch: 1 },
  );
  const flops = costs.find(({ path }) => path.endsWith(".attention"))?.inference.flops ?? NaN;
  const width = 768;
  // Four products of width by width for each token; scores, and the mean of the values by them, for each two.
  expect(flops / (8 * tokens * width ** 2 + 4 * tokens ** 2 * width)).toBeCloseTo(1, 1);
});

describe("the class token's place", () => {
  const options: AstOptions = {
    size: { width: 16, depth: 2, heads: 2 },
    frames: 48,
    stride: 16,
    objective: singleLabel({ classes: numbered(3) }),
  };
  const lower = (tokensAt: "first" | "last"): Program =>
    lowerSpec(
      normalizeSpec(ast({ ...options, tokensAt }), () => undefined, "spec.ts"),
      "features",
      () => undefined,
    );
  const width = 16;
  /** What the positions of "first" are for the tokens of "last": those of cls and dist come behind those of the patches. */
  const permute = (positions: Float32Array): Float32Array =>
    Float32Array.from([...positions.subarray(2 * width), ...positions.subarray(0, 2 * width)]);
  const values = new Map(
    weightsOf(lower("first")).map((state) => [
      state.value.name,
      // Larger than they begin with, so that places are heard.
      initialize(state, 3).map((value) => (state.value.name === "positionalEmbedding.weight" ? 20 * value : value)),
    ]),
  );
  const features = new Tensor(
    "float32",
    Float32Array.from({ length: 2 * 48 * 128 }, (_, index) => Math.sin(index * index)),
    [2, 48, 128],
  );
  const logitsOf = async (tokensAt: "first" | "last", positions: (values: Float32Array) => Float32Array) => {
    const [logits] = await runGraph(lower(tokensAt).inference, { input_values: features }, (name) => {
      const own = values.get(name);
      return own && name === "positionalEmbedding.weight" ? positions(own) : own;
    });
    return Array.from(logits?.data as Float32Array);
  };
  const largestDifference = (a: readonly number[], b: readonly number[]): number =>
    Math.max(...a.map((value, index) => Math.abs(value - (b[index] ?? NaN))));

  test("makes no difference where the positions are in the same order", async () => {
    const first = await logitsOf("first", (positions) => positions);
    expect(new Set(first).size).toBe(6);
    expect(largestDifference(first, await logitsOf("last", permute))).toBeLessThan(1e-5);
    // In another order they are heard.
    expect(largestDifference(first, await logitsOf("last", (positions) => positions))).toBeGreaterThan(1e-3);
  });
});
