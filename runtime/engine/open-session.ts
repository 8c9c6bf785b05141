/** Opens ONNX Runtime sessions; the one place that decides their options, none of which comes from a file. */
import { encodeOnnx, type onnx } from "../../compiler/artifact/onnx.ts";
import { InferenceSession } from "./onnxruntime.ts";
import { UserError } from "../user-error.ts";
import type { Device } from "./device.ts";
import type { Artifact } from "../artifact/read-artifact.ts";

/** ONNX Runtime's level for errors that end a session: the rest is about graph optimisations, not about the user's input. */
const logFatalOnly = 4;

/** A graph runs on the device as a whole or not at all: one operator elsewhere would move its tensors to and fro each step. */
const webgpuOptions: InferenceSession.SessionOptions = { extra: { session: { disable_cpu_ep_fallback: "1" } } };

/** A session whose failures name the graph: what a file has ONNX Runtime do may go wrong as late as in a run. */
export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** @throws UserError when ONNX Runtime cannot run the graph */
  readonly run: (
    feeds: InferenceSession.FeedsType,
    fetches?: InferenceSession.FetchesType,
  ) => Promise<InferenceSession.ReturnType>;
  readonly release: () => Promise<void>;
}

const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split("\n")[0] ?? "";

const toSession = (session: InferenceSession, path: string): Session => ({
  inputNames: session.inputNames,
  outputNames: session.outputNames,
  run: async (feeds, fetches) => {
    try {
      return await (fetches ? session.run(feeds, fetches) : session.run(feeds));
    } catch (error) {
      throw new UserError(
        "graph-fails",
        { path, reason: firstLine(error) },
        `ONNX Runtime cannot run the graph (${firstLine(error)})`,
      );
    }
  },
  release: () => session.release(),
});

/**
 * @param program a graph, or the path of the artifact itself, whose data file ONNX Runtime then maps into memory
 * @param kept outputs that stay on the device, where it has its own memory
 * @throws UserError when ONNX Runtime refuses the graph
 */
export const openSession = async (
  { path }: Pick<Artifact, "path">,
  program: onnx.IModelProto | string,
  device: Device,
  kept: readonly string[] = [],
): Promise<Session> => {
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device.kind],
    logSeverityLevel: logFatalOnly,
    // onnxruntime-node 1.30, CPU: planning memory by pattern is no faster and takes half as much memory again.
    enableMemPattern: false,
    ...(device.kind === "webgpu" ? webgpuOptions : {}),
    ...(kept.length > 0
      ? { preferredOutputLocation: Object.fromEntries(kept.map((name) => [name, "gpu-buffer"])) }
      : {}),
  };
  try {
    const session =
      typeof program === "string"
        ? await InferenceSession.create(program, options)
        : await InferenceSession.create(encodeOnnx(program), options);
    return toSession(session, path);
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
