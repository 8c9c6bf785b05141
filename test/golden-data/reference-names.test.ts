import { describe, expect, test } from "vitest";
import { elementCount } from "./deterministic-tensor.ts";
import { committedGoldens, readGoldenJson } from "./golden.ts";
import { referenceParameters } from "./reference-names.ts";

interface GradientFile {
  readonly results: { readonly BCE: { readonly f64: { readonly grads: Readonly<Record<string, unknown>> } } };
}

const tiny = { width: 192, frames: 128, frequencyStride: 10, timeStride: 10, classes: 10 } as const;

describe("referenceParameters", () => {
  test.each([
    { file: "grads.json", geometry: { ...tiny, depth: 2 } },
    { file: "grads-depth12.json", geometry: { ...tiny, depth: 12 } },
    { file: "grads-one-token.json", geometry: { ...tiny, depth: 2, tokens: ["cls"] } as const },
  ])("lists what has a gradient in $file, in torch's order", ({ file, geometry }) => {
    const { results } = readGoldenJson(committedGoldens, "training", file) as GradientFile;
    const { grads } = results.BCE.f64;
    const used = Object.keys(grads).filter((name) => grads[name] !== null);
    expect(referenceParameters(geometry).map(({ name }) => name)).toStrictEqual(used);
  });

  test("counts the paper's base model", () => {
    const paper = { width: 768, depth: 12, frames: 1024, frequencyStride: 10, timeStride: 10, classes: 527 };
    const parameters = referenceParameters(paper);
    expect(parameters.find(({ name }) => name === "v.pos_embed")?.shape).toStrictEqual([1, 1214, 768]);
    expect(parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0)).toBe(86_594_063);
  });
});
