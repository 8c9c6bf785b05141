/** Opens ONNX Runtime sessions; the one place that decides their options. */
import onnxProto, { type onnx } from "onnx-proto";
import { InferenceSession } from "./onnxruntime.ts";
import { UserError } from "../user-error.ts";
import type { Device } from "./device.ts";
import type { Artifact } from "./read-artifact.ts";

/** ONNX Runtime's level for errors that end a session: the rest is about graph optimisations, not about the user's input. */
const logFatalOnly = 4;

/** A graph runs on the device as a whole or not at all: one operator elsewhere would move its tensors to and fro each step. */
const webgpuOptions: InferenceSession.SessionOptions = { extra: { session: { disable_cpu_ep_fallback: "1" } } };

/**
 * @param program a graph, or the path of the artifact itself, whose data file ONNX Runtime then maps into memory
 * @param kept outputs that stay on the device, where it has its own memory
 * @throws UserError when ONNX Runtime refuses the graph
 */
export const openSession = async (
  { path, metadata }: Artifact,
  program: onnx.IModelProto | string,
  device: Device,
  kept: readonly string[] = [],
): Promise<InferenceSession> => {
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device.kind],
    logSeverityLevel: logFatalOnly,
    // onnxruntime-node 1.30, CPU: planning memory by pattern is no faster and takes half as much memory again.
    enableMemPattern: false,
    ...(device.kind === "webgpu" ? webgpuOptions : {}),
    ...(kept.length > 0
      ? { preferredOutputLocation: Object.fromEntries(kept.map((name) => [name, "gpu-buffer"])) }
      : {}),
    ...metadata.sessionOptions,
  };
  try {
    return typeof program === "string"
      ? await InferenceSession.create(program, options)
      : await InferenceSession.create(onnxProto.onnx.ModelProto.encode(program).finish(), options);
  } catch (error) {
    const [reason = ""] = String(error instanceof Error ? error.message : error).split("\n");
    if (device.kind !== "cpu") {
      throw new UserError(`${path}: does not run on ${device.kind} (${device.name}); use --device cpu (${reason})`);
    }
    throw new UserError(`${path}: ONNX Runtime refuses the graph; compile or copy it again (${reason})`);
  }
};
