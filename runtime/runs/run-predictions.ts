/** A graph's `.predictions.safetensors`: its answers to the evaluation clips. Every figure, confusion and curve follows from them. */
import * as v from "valibot";
import { readFloats } from "../artifact/read-floats.ts";
import { writeFailure } from "../files/write-failure.ts";
import type { Predictions } from "../metrics/predictions.ts";
import { readSafetensors } from "../safetensors/read-safetensors.ts";
import { writeSafetensors } from "../safetensors/write-safetensors.ts";
import { UserError } from "../user-error.ts";

export interface NamedPredictions {
  readonly predictions: Predictions;
  /** The clips' names, in their order. */
  readonly clips: readonly string[];
}

const namesSchema = v.pipe(v.string(), v.parseJson(), v.array(v.string()));

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

/**
 * What a training wrote of an evaluation.
 * @param classes how many the model has
 * @throws UserError where the file cannot be read or holds something else
 */
export const readPredictions = async (path: string, classes: number): Promise<NamedPredictions> => {
  const { metadata, tensors } = readSafetensors(path);
  const refusal = new UserError(
    "predictions-foreign",
    { path, classes },
    `not the predictions of a model of ${classes} classes`,
  );
  const { success, output: clips } = v.safeParse(namesSchema, metadata.get("clips"));
  if (!success) throw refusal;
  const read = async (name: string): Promise<Float32Array> => {
    const tensor = tensors.find((one) => one.name === name);
    if (tensor?.type !== "float32" || tensor.dims.join() !== `${clips.length},${classes}`) throw refusal;
    return readFloats(tensor);
  };
  return {
    predictions: { logits: await read("logits"), scores: await read("scores"), targets: await read("targets") },
    clips,
  };
};
