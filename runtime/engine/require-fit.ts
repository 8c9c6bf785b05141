import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { formatBytes } from "../text/format-number.ts";
import { UserError } from "../user-error.ts";
import type { Device } from "./device.ts";

/**
 * Checks clips that are computed at once against the largest tensor that the device takes, which ONNX Runtime finds out in the middle of a run.
 * @throws UserError naming a batch that fits
 */
export const requireFit = (
  { largestTensor, recipe }: Pick<ArtifactMetadata, "largestTensor" | "recipe">,
  { kind, name, maxTensorBytes = Infinity }: Device,
  part: keyof ArtifactMetadata["largestTensor"],
  clips: number,
): void => {
  const perClip = largestTensor[part];
  if (clips * perClip <= maxTensorBytes) return;
  // A training batch is computed in parts.
  const fitting = Math.floor(maxTensorBytes / perClip) * (part === "trainingStep" ? recipe.accumulate : 1);
  throw new UserError(
    `${clips} ${clips === 1 ? "clip needs" : "clips at once need"} a tensor of ${formatBytes(clips * perClip)}, and ${kind} (${name}) takes ${formatBytes(maxTensorBytes)} at most; use ${fitting > 0 ? `--batch ${fitting}` : "--device cpu"}`,
  );
};
