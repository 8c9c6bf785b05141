/** An evaluation's answers, for reports: every figure, confusion and curve follows from them. */
import type { Predictions } from "../metrics/predictions.ts";
import { writeSafetensors } from "../safetensors/write-safetensors.ts";
import { writeFailure } from "../files/write-failure.ts";

/**
 * Writes `logits`, `scores` and `targets`, float32 [clips, classes], and in the metadata `clips`, the clips' names as JSON.
 * @throws UserError where the file cannot be written
 */
export const writePredictions = async (
  path: string,
  predictions: Predictions,
  clips: readonly string[],
  classes: number,
): Promise<void> => {
  const tensors = (["logits", "scores", "targets"] as const).map((name) => ({
    name,
    shape: [clips.length, classes],
    read: () => predictions[name],
  }));
  try {
    await writeSafetensors(path, tensors, { clips: JSON.stringify(clips) });
  } catch (error) {
    throw writeFailure(path, error);
  }
};
