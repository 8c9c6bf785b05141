import type { ArtifactMetadata } from "../../compiler/artifact.ts";
import { formatBytes } from "../report/format-number.ts";
import { UserError } from "../user-error.ts";
import type { Device } from "./device.ts";

/**
 * Checks a batch against the largest tensor that the device takes, which ONNX Runtime finds out in the middle of a run.
 * @throws UserError naming a batch that fits
 */
export const requireFit = (
  { largestTensor }: Pick<ArtifactMetadata, "largestTensor">,
  { kind, name, maxTensorBytes = Infinity }: Device,
  part: keyof ArtifactMetadata["largestTensor"],
  clips: number,
): void => {
  const perClip = largestTensor[part];
  if (clips * perClip <= maxTensorBytes) return;
  const fitting = Math.floor(maxTensorBytes / perClip);
  throw new UserError(
    `a batch of ${clips} needs a tensor of ${formatBytes(clips * perClip)}, and ${kind} (${name}) takes ${formatBytes(maxTensorBytes)} at most; use ${fitting > 0 ? `--batch ${fitting}` : "--device cpu"}`,
  );
};
