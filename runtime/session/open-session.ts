/** Opens ONNX Runtime sessions; the one place that decides their options. */
import { InferenceSession } from "onnxruntime-node";
import { UserError } from "../user-error.ts";
import type { Device } from "./device.ts";
import type { Artifact } from "./read-artifact.ts";

/** ONNX Runtime's level for errors: its warnings are about graph optimisations, not about the user's input. */
const logErrorsOnly = 3;

/**
 * @param program a ModelProto, or the path of the artifact itself, whose data file ONNX Runtime then maps into memory
 * @throws UserError when ONNX Runtime refuses the graph
 */
export const openSession = async (
  { path, metadata }: Artifact,
  program: Uint8Array | string,
  device: Device,
): Promise<InferenceSession> => {
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device.kind],
    logSeverityLevel: logErrorsOnly,
    // onnxruntime-node 1.30, CPU: planning memory by pattern is no faster and takes half as much memory again.
    enableMemPattern: false,
    ...metadata.sessionOptions,
  };
  try {
    return typeof program === "string"
      ? await InferenceSession.create(program, options)
      : await InferenceSession.create(program, options);
  } catch (error) {
    const [reason = ""] = String(error instanceof Error ? error.message : error).split("\n");
    throw new UserError(`${path}: ONNX Runtime refuses the graph; compile or copy it again (${reason})`);
  }
};
