import { UserError } from "../user-error.ts";
import { type Artifact, decodeArtifact } from "./decode-artifact.ts";
import { readArtifact } from "./read-artifact.ts";

/** What messages call a graph that is no file. */
const unnamed = "the graph";

/**
 * Reads a graph that takes clips.
 * @param graph the path of its file, or its bytes
 * @param read how a file is read
 * @throws UserError as `read`, and where the graph starts at features.
 */
export const readWaveformArtifact = (graph: string | Uint8Array, read = readArtifact): Artifact => {
  const artifact = typeof graph === "string" ? read(graph) : decodeArtifact(unnamed, graph);
  if (artifact.metadata.input === "waveform") return artifact;
  throw new UserError("starts-at-features", { path: artifact.path }, "starts at features, and clips are waveforms");
};
