import * as v from "valibot";
import { readFloats } from "../artifact/read-floats.ts";
import type { Predictions } from "../metrics/predictions.ts";
import { readSafetensors } from "../safetensors/read-safetensors.ts";
import { UserError } from "../user-error.ts";

export interface NamedPredictions {
  readonly predictions: Predictions;
  /** The clips' names, in their order. */
  readonly clips: readonly string[];
}

const namesSchema = v.pipe(v.string(), v.parseJson(), v.array(v.string()));

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
