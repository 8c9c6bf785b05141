import { type ArtifactMetadata, parseMetadata, printMetadata } from "../artifact/metadata.ts";
import { CompileError } from "../diagnostics/diagnostic.ts";

/** What the runtime would refuse is not written. @throws CompileError for a number that is beyond what anybody means */
export const requireReadable = (path: string, metadata: ArtifactMetadata): void => {
  const problem = parseMetadata(printMetadata(metadata));
  if (typeof problem !== "string") return;
  throw new CompileError([
    { code: "beyond-reason", message: `${path}: the runtime would refuse the graph: ${problem}` },
  ]);
};
