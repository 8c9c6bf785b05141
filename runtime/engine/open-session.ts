/** Opens sessions whose failures name the graph, and the line of the spec; on an engine, of which the device is all that is chosen. */
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { onnx } from "../../compiler/artifact/onnx.ts";
import { describePart, nodeIn, partAt } from "../../compiler/artifact/spec-lines.ts";
import { type Artifact, readDataFiles } from "../artifact/decode-artifact.ts";
import { UserError } from "../user-error.ts";
import type { Device } from "./device.ts";
import { DeviceLost } from "./device-lost.ts";
import type { Engine, EngineSession, SessionOptions } from "./engine.ts";
import { feedLengths } from "./feed-lengths.ts";
import { fuseAttention } from "./fuse-attention.ts";

/** A graph as its failures name it. */
export interface NamedGraph {
  readonly path: string;
  readonly metadata: Pick<ArtifactMetadata, "lines" | "anyLength">;
}

/** What ONNX Runtime says, on one line, and the part of the spec whose node it names. */
const explain = (error: unknown, { path, metadata }: NamedGraph) => {
  const reason = String(error instanceof Error ? error.message : error).split("\n")[0] ?? "";
  const node = nodeIn(reason);
  const part = node && partAt(node.path, metadata.lines);
  return {
    facts: { path, reason, layer: part?.path, specLine: part?.line },
    reason,
    layer: part && describePart(part),
  };
};

/** What a file has ONNX Runtime do may go wrong as late as in a run. */
const namingFailures = (session: EngineSession, graph: NamedGraph): EngineSession => {
  const naming = async <Result>(running: Promise<Result>): Promise<Result> => {
    try {
      return await running;
    } catch (error) {
      if (error instanceof DeviceLost) throw error;
      const { facts, reason, layer } = explain(error, graph);
      const what = layer === undefined ? "the graph" : `${layer} of the graph`;
      throw new UserError("graph-fails", facts, `ONNX Runtime cannot run ${what} (${reason})`);
    }
  };
  return {
    ...session,
    run: (feeds) => naming(session.run(feeds)),
    runInto: (feeds, outputs) => naming(session.runInto(feeds, outputs)),
  };
};

/** Where the data of a graph are that is given with those of this artifact. */
const dataOf = async (artifact: Artifact): Promise<Pick<SessionOptions, "dataFiles" | "dataBeside">> =>
  typeof artifact.graph === "string" && !artifact.isLink
    ? { dataBeside: artifact.graph }
    : { dataFiles: await readDataFiles(artifact) };

/** What is chosen of a session besides the device. */
interface OpenOptions extends Pick<SessionOptions, "kept" | "outputsAreGiven"> {
  /** Whose data file the graph reads; by its path ONNX Runtime finds it itself. */
  readonly data?: Artifact;
}

/**
 * @param program a graph, or an artifact's own
 * @throws UserError when ONNX Runtime refuses the graph, and from `run` when it cannot run it
 */
export const openSession = async (
  engine: Engine,
  named: NamedGraph,
  program: onnx.IModelProto | Artifact,
  device: Device,
  { data, ...options }: OpenOptions = {},
): Promise<EngineSession> => {
  // WebGPU runs a graph as a whole or not at all: one operator elsewhere would move its tensors to and fro each step.
  const isWhole = device.kind === "webgpu";
  const [model, source] = "model" in program ? [program.model, program.graph] : [program, program];
  const fused = engine.tilesAttention && device.kind === "cpu" ? fuseAttention(model) : model;
  const rewritten = fused === model ? source : { ...fused, trainingInfo: [] };
  const fed = isWhole && named.metadata.anyLength ? feedLengths(model) : undefined;
  try {
    const variesInSize = named.metadata.anyLength !== undefined;
    const opened = fed?.model ?? rewritten;
    const own = typeof opened === "string" || !data ? {} : await dataOf(data);
    const session = await engine.open(opened, { ...options, ...own, device: device.kind, isWhole, variesInSize });
    return namingFailures(fed?.feeding(session) ?? session, named);
  } catch (error) {
    const { facts, reason, layer } = explain(error, named);
    if (device.kind !== "cpu") {
      throw new UserError(
        "device-refuses-graph",
        { ...facts, device: device.kind },
        `${layer === undefined ? "" : `${layer} `}does not run on ${device.kind} (${device.name}): ${reason}`,
      );
    }
    const what = layer === undefined ? "the graph" : `${layer} of the graph`;
    throw new UserError(
      "engine-refuses-graph",
      facts,
      `ONNX Runtime refuses ${what}; compile or copy it again (${reason})`,
    );
  }
};
