/** Opens sessions whose failures name the graph, on an engine; what they compute on is all that is chosen. */
import type { onnx } from "../../compiler/artifact/onnx.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { UserError } from "../user-error.ts";
import type { Device } from "./device.ts";
import type { Engine, EngineSession, SessionOptions } from "./engine.ts";

const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split("\n")[0] ?? "";

/** What a file has ONNX Runtime do may go wrong as late as in a run. */
const namingFailures = (session: EngineSession, path: string): EngineSession => {
  const naming = async <Result>(running: Promise<Result>): Promise<Result> => {
    try {
      return await running;
    } catch (error) {
      const reason = firstLine(error);
      throw new UserError("graph-fails", { path, reason }, `ONNX Runtime cannot run the graph (${reason})`);
    }
  };
  return {
    ...session,
    run: (feeds) => naming(session.run(feeds)),
    runInto: (feeds, outputs) => naming(session.runInto(feeds, outputs)),
  };
};

/**
 * @param program a graph, or the artifact's own as its file or bytes
 * @throws UserError when ONNX Runtime refuses the graph, and from `run` when it cannot run it
 */
export const openSession = async (
  engine: Engine,
  { path }: Pick<Artifact, "path">,
  program: onnx.IModelProto | Artifact["graph"],
  device: Device,
  options: Pick<SessionOptions, "kept" | "outputsAreGiven" | "dataFiles"> = {},
): Promise<EngineSession> => {
  // WebGPU runs a graph as a whole or not at all: one operator elsewhere would move its tensors to and fro each step.
  const isWhole = device.kind === "webgpu";
  try {
    return namingFailures(await engine.open(program, { ...options, device: device.kind, isWhole }), path);
  } catch (error) {
    const reason = firstLine(error);
    if (device.kind !== "cpu") {
      throw new UserError(
        "device-refuses-graph",
        { path, device: device.kind, reason },
        `does not run on ${device.kind} (${device.name}): ${reason}`,
      );
    }
    throw new UserError(
      "engine-refuses-graph",
      { path, reason },
      `ONNX Runtime refuses the graph; compile or copy it again (${reason})`,
    );
  }
};
