import { expect, test } from "vitest";
import type { ArtifactMetadata } from "../../../compiler/artifact/metadata.ts";
import { requireSameTask } from "../../../runtime/evaluate/require-same-task.ts";
import type { Artifact } from "../../../runtime/artifact/decode-artifact.ts";
import { saying } from "../saying.ts";
import { metadata } from "../artifact/linear-artifact.ts";

const artifact = (path: string, changes: Partial<ArtifactMetadata> = {}): Artifact => ({
  path,
  metadata: { ...metadata, ...changes },
  model: {},
  parameters: [],
  graph: "graph.onnx",
  dataFiles: [],
  bytes: { graph: 0, data: 0 },
});

test("graphs of other sizes may be averaged", () => {
  expect(() => requireSameTask(artifact("a"), [artifact("b", { frames: 512, sampleRateHz: 8000 })])).not.toThrow();
});

test.each([
  [{ objective: "multi-label" }, "one is single-label, the other multi-label"],
  [{ classes: ["low"] }, "one has 2 classes, the other 1"],
  [{ classes: ["low", "hi"] }, 'class 1 is "high" in one and "hi" in the other'],
] as const)("graphs of other tasks may not: %j", (changes, difference) => {
  expect(() => requireSameTask(artifact("a"), [artifact("b"), artifact("c", changes)])).toThrow(
    saying(`a and c cannot be averaged: ${difference}`),
  );
});
