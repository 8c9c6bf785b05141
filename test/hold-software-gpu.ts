/** The graphics processor in software, open for as long as a file's tests take. */
import { createBuilder } from "../compiler/ops/builder.ts";
import { encodeGraph } from "./compiler/run-graph.ts";
import { InferenceSession } from "./onnxruntime.ts";
import { softwareGpu } from "./software-gpu.ts";

/**
 * For `beforeAll`, which takes what lets go of it. ONNX Runtime (1.30) closes the device with the last session on it, and with
 * it goes each kernel that was compiled, which in software takes seconds a network; a session that stays keeps them.
 */
export const holdSoftwareGpu = async (): Promise<() => Promise<void>> => {
  if (softwareGpu === undefined) return async () => undefined;
  process.env["VK_DRIVER_FILES"] = softwareGpu;
  const b = createBuilder();
  const input = b.input("input", { dtype: "float32", shape: [1] });
  const bytes = encodeGraph(b.finish([b.add(input, input)]));
  const session = await InferenceSession.create(bytes, { executionProviders: ["webgpu"], logSeverityLevel: 3 });
  return () => session.release();
};
