import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeTrainingArtifacts } from "../../../compiler/emit/training-artifacts/write-training-artifacts.ts";
import { emptyGraph } from "../../../compiler/ops/builder.ts";
import { temporaryFolder } from "../weights/readers/builders.ts";

test("more parameters than a checkpoint can hold are refused before anything is written or computed", () => {
  const folder = join(temporaryFolder(), "artifacts");
  const weight = { name: "weight", type: { dtype: "float32", shape: [2 ** 15, 2 ** 14] } } as const;
  const artifacts = {
    training: emptyGraph,
    evaluation: emptyGraph,
    recipe: {
      optimizer: { kind: "adam", learningRate: 1, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 },
      clipNorm: 1,
    },
    weights: [{ value: weight, kind: "parameter", initializer: { kind: "zeros" }, fanIn: 1 }],
    properties: { texts: new Map(), numbers: new Map() },
  } as const;
  const read = (): Float32Array => {
    throw new Error("no value is needed");
  };
  expect(() => writeTrainingArtifacts(folder, artifacts, read)).toThrow(
    "ONNX Runtime's checkpoints hold at most 2 GB, and these parameters make 2.1 GB",
  );
  expect(existsSync(folder)).toBe(false);
});
