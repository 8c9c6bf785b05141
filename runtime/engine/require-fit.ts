import { plural } from "../../compiler/artifact/plural.ts";
import { costFor, type Extent, type Task } from "../../compiler/artifact/cost.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { formatBytes } from "../../compiler/artifact/format-number.ts";
import { UserError } from "../user-error.ts";
import type { Device } from "./device.ts";

/** The largest number from 0 to `most` that `fits`; whatever is below one that fits does, too. */
export const largestFitting = (most: number, fits: (count: number) => boolean): number => {
  let [fitting, tooLarge] = [0, most + 1];
  while (tooLarge - fitting > 1) {
    const middle = Math.floor((fitting + tooLarge) / 2);
    if (fits(middle)) fitting = middle;
    else tooLarge = middle;
  }
  return fitting;
};

/**
 * Checks clips that are computed at once against the largest tensor that the device takes, which ONNX Runtime finds out in the middle of a run.
 * @throws UserError naming a batch that fits
 */
export const requireFit = (
  { cost, recipe }: Pick<ArtifactMetadata, "cost" | "recipe">,
  { kind, name, maxTensorBytes = Infinity }: Device,
  task: Task,
  { batch: clips, samples }: Extent,
): void => {
  const needed = (batch: number): number => costFor(cost, task, { batch, samples }).largestTensorBytes;
  if (needed(clips) <= maxTensorBytes) return;
  const fitting = largestFitting(clips, (batch) => needed(batch) <= maxTensorBytes);
  // A training batch is computed in parts.
  const advised = fitting * (task === "training" ? recipe.accumulate : 1);
  throw new UserError(
    "batch-too-large",
    { clips, fitting: advised, device: kind },
    `${clips} ${plural(clips, "clip needs", "clips at once need")} a tensor of ${formatBytes(needed(clips))}, and ${kind} (${name}) takes ${formatBytes(maxTensorBytes)} at most`,
  );
};
