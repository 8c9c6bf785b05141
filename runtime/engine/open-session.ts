/** Opens ONNX Runtime sessions; the one place that decides their options, none of which comes from a file. */
import { encodeOnnx, type onnx } from "../../compiler/artifact/onnx.ts";
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
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
  /**
   * Writes all outputs into tensors in the host's memory; of a session that was opened for this alone.
   * @throws UserError when ONNX Runtime cannot run the graph
   */
  readonly runInto: (feeds: InferenceSession.FeedsType, outputs: InferenceSession.FeedsType) => Promise<void>;
  readonly release: () => Promise<void>;
}

const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split("\n")[0] ?? "";

/**
 * onnxruntime-node (1.30) writes outputs into the tensors that it is given, and then copies each into a new array all the
 * same: another set of states, made anew in each step. It goes through the outputs in order and ends at one that is no tensor,
 * when all are written and none is copied; such a one, an empty sequence, is put in front.
 */
const copyStop = "engine/copy-stop";
const atCopyStop = "Non tensor type is temporarily not supported.";

const withCopyStop = (model: onnx.IModelProto): onnx.IModelProto => {
  const { node, output } = model.graph ?? {};
  const sequenceType = { elemType: { tensorType: { elemType: onnxTypeNumbers.float32 } } };
  return {
    ...model,
    graph: {
      ...model.graph,
      node: [{ opType: "SequenceEmpty", name: copyStop, output: [copyStop] }, ...(node ?? [])],
      output: [{ name: copyStop, type: { sequenceType } }, ...(output ?? [])],
    },
  };
};

const cannotRun = (path: string, error: unknown): UserError => {
  const reason = firstLine(error);
  return new UserError("graph-fails", { path, reason }, `ONNX Runtime cannot run the graph (${reason})`);
};

const toSession = (session: InferenceSession, path: string): Session => ({
  inputNames: session.inputNames,
  outputNames: session.outputNames.filter((name) => name !== copyStop),
  run: async (feeds, fetches) => {
    try {
      return await (fetches ? session.run(feeds, fetches) : session.run(feeds));
    } catch (error) {
      throw cannotRun(path, error);
    }
  },
  runInto: async (feeds, outputs) => {
    try {
      await session.run(feeds, { [copyStop]: null, ...outputs });
    } catch (error) {
      if (firstLine(error) !== atCopyStop) throw cannotRun(path, error);
    }
  },
  release: () => session.release(),
});

/**
 * @param program a graph, or the path of the artifact itself, whose data file ONNX Runtime then maps into memory
 * @param kept outputs that stay on the device, where it has its own memory; "given": all are written into given tensors
 * @throws UserError when ONNX Runtime refuses the graph
 */
export const openSession = async (
  { path }: Pick<Artifact, "path">,
  program: onnx.IModelProto | string,
  device: Device,
  kept: readonly string[] | "given" = [],
): Promise<Session> => {
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device.kind],
    logSeverityLevel: logFatalOnly,
    // onnxruntime-node 1.30, CPU: planning memory by pattern is no faster and takes half as much memory again.
    enableMemPattern: false,
    ...(device.kind === "webgpu" ? webgpuOptions : {}),
    ...(kept !== "given" && kept.length > 0
      ? { preferredOutputLocation: Object.fromEntries(kept.map((name) => [name, "gpu-buffer"])) }
      : {}),
  };
  try {
    const session =
      typeof program === "string"
        ? await InferenceSession.create(program, options)
        : await InferenceSession.create(encodeOnnx(kept === "given" ? withCopyStop(program) : program), options);
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
