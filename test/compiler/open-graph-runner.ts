/** Trains a graph by the rules of the ONNX standard, from a file that is gone afterwards. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InferenceSession } from "../onnxruntime.ts";
import { writeArtifact } from "../../compiler/emit/write-artifact.ts";
import type { Program } from "../../compiler/ir/program.ts";
import { initialize } from "../../compiler/weights/initialize.ts";
import { createRunner, type TrainingInfoRunner } from "../onnx/training-info-runner.ts";

export const openGraphRunner = async (
  program: Program,
  options: InferenceSession.SessionOptions = {},
): Promise<TrainingInfoRunner> => {
  const folder = mkdtempSync(join(tmpdir(), "specgraph-"));
  const path = join(folder, "graph.onnx");
  try {
    writeArtifact(path, program, (state) => initialize(state, 0), [], "test");
    return await createRunner(path, { logSeverityLevel: 3, ...options });
  } finally {
    rmSync(folder, { recursive: true });
  }
};
