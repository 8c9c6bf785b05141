import { costFor } from "../../compiler/artifact/cost.ts";
import { formatBytes } from "../../compiler/artifact/format-number.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { clipRequirements } from "../audio/clip-requirements.ts";
import { UserError } from "../user-error.ts";

/** What WebAssembly can address. */
const mostBytes = 2 ** 32;

/** So many of the largest results are there at once, about: the operands of one operator, what it gives, and what is still needed. */
const tensorsAtOnce = 4;

/**
 * Checks a graph against what a tab can hold of it, before it is opened: ONNX Runtime has the file, and the parameters once more.
 * @throws UserError with both figures
 */
export const requireMemory = ({ path, bytes, metadata }: Artifact): void => {
  const extent = { batch: 1, samples: clipRequirements(metadata).maxSamples };
  const needed =
    2 * (bytes.graph + bytes.data) + tensorsAtOnce * costFor(metadata.cost, "inference", extent).largestTensorBytes;
  if (needed <= mostBytes) return;
  throw new UserError(
    "memory-short",
    { path, neededBytes: needed, mostBytes },
    `needs about ${formatBytes(needed)} of memory, and a browser's tab has ${formatBytes(mostBytes)} at most for it`,
  );
};
