import { expect, test } from "vitest";
import { costFor } from "../../../compiler/artifact/cost.ts";
import type { ArtifactMetadata } from "../../../compiler/artifact/metadata.ts";
import { describeArtifact } from "../../../compiler/emit/describe-artifact.ts";
import { lowerSpec } from "../../../compiler/lower/lower-spec.ts";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import { samplesIn } from "../../../compiler/artifact/frames.ts";
import { type AstOptions, ast } from "../../../spec/ast.ts";
import { adam, checkpoint, mixedFloat16 } from "../../../spec/dsl/index.ts";

const describeSpec = (options: AstOptions) => {
  const small = { size: { width: 8, depth: 1, heads: 2 }, frames: 32, ...options };
  const spec = normalizeSpec(ast(small), () => undefined, "spec.ts");
  const program = lowerSpec(spec, "waveform", () => undefined);
  return describeArtifact(spec, program, "waveform");
};

/** Of one clip that fills the frames: inference, and a step of training. */
const flopsOf = ({ cost, ...metadata }: ArtifactMetadata): [inference: number, step: number] => {
  const extent = { batch: 1, samples: samplesIn(metadata.frames, metadata) };
  return [costFor(cost, "inference", extent).flops, costFor(cost, "training", extent).flops];
};

test("a spec's hash changes with its architecture and not with where its checkpoint lies", () => {
  const { specHash } = describeSpec({});
  expect(describeSpec({ pretrained: checkpoint({ file: "elsewhere.pth" }) }).specHash).toBe(specHash);
  expect(describeSpec({ frames: 48 }).specHash).not.toBe(specHash);
});

test("a training step costs between two and four forward passes of the network", () => {
  const [forward, step] = flopsOf(describeSpec({ size: { width: 192, depth: 4, heads: 3 }, frames: 256 }));
  expect(step / forward).toBeGreaterThan(2);
  expect(step / forward).toBeLessThan(4);
});

test("a step in mixed precision computes no forward pass that it does not need", () => {
  const options = { size: { width: 192, depth: 4, heads: 3 }, frames: 256 };
  const training = { optimizer: adam({ learningRate: 1 }), batch: 1, epochs: 1, precision: mixedFloat16() };
  const plain = flopsOf(describeSpec(options));
  const mixed = flopsOf(describeSpec({ ...options, training }));
  expect(mixed[0]).toBe(plain[0]);
  // Casts cost nothing; scaling and checking the gradients costs a few operations per parameter.
  expect(mixed[1]).toBeGreaterThan(plain[1]);
  expect(mixed[1] / plain[1]).toBeLessThan(1.02);
});

test("a long clip's largest tensor holds the attention's scores", () => {
  // 12 x 25 patches and two tokens.
  const { cost } = describeSpec({ size: { width: 8, depth: 2, heads: 2 }, frames: 256 });
  for (const task of ["inference", "training"] as const) {
    expect(costFor(cost, task, { batch: 3, samples: 41_200 }).largestTensorBytes).toBe(3 * 4 * 2 * 302 ** 2);
  }
});
