import { UserError } from "../user-error.ts";
import type { Artifact } from "./decode-artifact.ts";
import { readArtifact } from "./read-artifact.ts";

/**
 * Reads a graph that takes clips.
 * @throws UserError as `readArtifact`, and where the graph starts at features.
 */
export const readWaveformArtifact = (path: string): Artifact => {
  const artifact = readArtifact(path);
  if (artifact.metadata.input === "waveform") return artifact;
  throw new UserError("starts-at-features", { path }, "starts at features, and clips are waveforms");
};
