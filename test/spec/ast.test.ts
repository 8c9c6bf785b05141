import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lowerSpec } from "../../compiler/lower/lower-spec.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import { readSpec } from "../../compiler/frontend/read-spec.ts";
import { elements } from "../../compiler/ir/shape.ts";
import { parametersOf, type Program } from "../../compiler/ir/program.ts";
import { ast, type AstOptions, sizes } from "../../spec/ast.ts";
import { multiLabel, numbered } from "../../spec/dsl/index.ts";

const lower = (options: AstOptions): Program =>
  lowerSpec(
    normalizeSpec(ast(options), () => undefined, "spec.ts"),
    "features",
    () => undefined,
  );

const parameters = (program: Program): ReadonlyMap<string, readonly number[]> =>
  new Map(parametersOf(program).map(({ value }) => [value.name, value.type.shape as readonly number[]]));

const count = (graph: Program): number =>
  [...parameters(graph).values()].reduce((total, shape) => total + elements(shape), 0);

/** Parameters of a ViT of this width and depth, by its definition. */
const expectedCount = (width: number, depth: number, patches: number, tokens: number, classes: number): number => {
  const norm = 2 * width;
  const dense = (inputs: number, outputs: number): number => (inputs + 1) * outputs;
  const attention = dense(width, 3 * width) + dense(width, width);
  const block = norm + attention + norm + dense(width, 4 * width) + dense(4 * width, width);
  const embedding = dense(256, width) + tokens * width + (patches + tokens) * width;
  return embedding + depth * block + norm + norm + dense(width, classes);
};

test("the paper's model: 1212 patches and 2 tokens, 86,594,063 parameters", () => {
  const graph = lower({});
  expect(parameters(graph).get("positionalEmbedding.weight")).toStrictEqual([1, 1214, 768]);
  expect(count(graph)).toBe(expectedCount(768, 12, 12 * 101, 2, 527));
  expect(count(graph)).toBe(86_594_063);
  const declare = (values: Program["inference"]["inputs"]) => values.map(({ name, type }) => [name, type.shape]);
  expect(declare(graph.inference.inputs)).toStrictEqual([["input_values", ["batch", 1024, 128]]]);
  expect(declare(graph.gradients?.inputs ?? [])).toStrictEqual([
    ["input_values", ["batch", 1024, 128]],
    ["targets", ["batch", 527]],
  ]);
  expect(declare(graph.update?.inputs ?? [])).toStrictEqual([["learning_rate", []]]);
  expect(declare(graph.inference.outputs)).toStrictEqual([
    ["logits", ["batch", 527]],
    ["scores", ["batch", 527]],
  ]);
});

describe("sizes, strides and lengths", () => {
  const classes = multiLabel({ classes: numbered(35) });
  const cases: readonly (readonly [string, AstOptions, number])[] = [
    [
      "tiny224, 128 frames",
      { size: sizes.tiny224, frames: 128, objective: classes },
      expectedCount(192, 12, 12 * 12, 2, 35),
    ],
    [
      "small224, stride 16, 512 frames",
      { size: sizes.small224, stride: { bins: 16, frames: 16 }, frames: 512, objective: classes },
      expectedCount(384, 12, 8 * 32, 2, 35),
    ],
    [
      "base224, strides 12 and 14, one token",
      { size: sizes.base224, stride: { bins: 12, frames: 14 }, frames: 300, tokens: ["cls"], objective: classes },
      expectedCount(768, 12, 10 * 21, 1, 35),
    ],
  ];
  test.each(cases)("%s", (_, options, expected) => {
    expect(count(lower(options))).toBe(expected);
  });

  test("patches of another shape", () => {
    const shapes = parameters(
      lower({
        size: { ...sizes.tiny224, depth: 1 },
        patch: { bins: 128, frames: 2 },
        stride: { bins: 128, frames: 2 },
        frames: 100,
      }),
    );
    expect(shapes.get("patchEmbedding.weight")).toStrictEqual([192, 1, 128, 2]);
    expect(shapes.get("positionalEmbedding.weight")).toStrictEqual([1, 52, 192]);
  });
});

test("every parameter is trained, with two moments each", () => {
  const program = lower({ size: { ...sizes.tiny224, depth: 2 }, frames: 128 });
  const names = [...parameters(program).keys()];
  const replaced = program.update?.states.flatMap(({ value, next }) => (next ? [value.name] : [])) ?? [];
  const gradients = program.gradients?.states.flatMap(({ value, next }) => (next ? [value.name] : [])) ?? [];
  expect(gradients).toStrictEqual(names.map((name) => `gradient.${name}`));
  expect(replaced).toStrictEqual(expect.arrayContaining(names));
  expect(replaced.filter((name) => /\.moment[12]$/.test(name))).toHaveLength(2 * names.length);
});

describe("every spec of the folder, and every recipe, is one that compiles", () => {
  const folder = fileURLToPath(new URL("../../spec", import.meta.url));
  const specs = ["", "recipes"].flatMap((inner) => readdirSync(join(folder, inner)).map((name) => join(inner, name)));
  test.each(specs.filter((name) => name.endsWith(".ts")))("%s", (name) => {
    const path = join(folder, name);
    const { model, locate } = readSpec(path);
    const spec = normalizeSpec(model, locate, path);
    const { inference, gradients } = lowerSpec(spec, "waveform", locate);
    expect(inference.outputs.map(({ name }) => name)).toStrictEqual(["logits", "scores"]);
    expect(inference.outputs[0]?.type.shape).toStrictEqual(["batch", spec.classes.length]);
    expect(gradients?.outputs.map(({ name }) => name)).toStrictEqual(["loss"]);
  });
});
