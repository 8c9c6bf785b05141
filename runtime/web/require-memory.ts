import { arenaBytes } from "../../compiler/artifact/cost.ts";
import { bytesPerElement } from "../../compiler/artifact/element-types.ts";
import { formatBytes } from "../../compiler/artifact/format-number.ts";
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { elementCount } from "../artifact/stored-tensor.ts";
import { clipRequirements } from "../audio/clip-requirements.ts";
import { partSize } from "../data/batches.ts";
import { trainingProgram } from "../engine/session-program.ts";
import { UserError } from "../user-error.ts";

/** What WebAssembly can address: all that a tab has. */
export const mostBytes = 2 ** 32;

/**
 * Checks a graph against what a tab can hold of it, before it is opened: ONNX Runtime has the file, and the parameters once more.
 * @throws UserError with both figures
 */
export const requireMemory = ({ path, bytes, metadata }: Artifact): void => {
  const extent = { batch: 1, samples: clipRequirements(metadata).maxSamples };
  requireRoom(path, 2 * (bytes.graph + bytes.data) + arenaBytes(metadata.cost, "inference", extent));
};

/**
 * The same, before the graph is trained: its states, once more where ONNX Runtime computes, and what the step holds of its results.
 * @param longest of the clips, in samples
 * @returns what it needs, about, in bytes
 * @throws UserError with both figures
 */
export const requireTrainingMemory = (artifact: Artifact, recipe: Recipe, longest: number): number => {
  const { path, bytes, metadata } = artifact;
  const extent = { batch: partSize(recipe), samples: longest };
  const states = trainingProgram(artifact).states.map(({ type, dims }) => bytesPerElement[type] * elementCount(dims));
  const needed =
    2 * (bytes.graph + bytes.data + states.reduce((total, each) => total + each, 0)) +
    arenaBytes(metadata.cost, "training", extent);
  requireRoom(path, needed);
  return Math.round(needed);
};

const requireRoom = (path: string, needed: number): void => {
  if (needed <= mostBytes) return;
  throw new UserError(
    "memory-short",
    { path, neededBytes: needed, mostBytes },
    `needs about ${formatBytes(needed)} of memory, and a browser's tab has ${formatBytes(mostBytes)} at most for it`,
  );
};
