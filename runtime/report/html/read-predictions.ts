import * as v from "valibot";
import { readFloats } from "../../export/read-floats.ts";
import type { Predictions } from "../../metrics/predictions.ts";
import { readSafetensors } from "../../safetensors/read-safetensors.ts";
import { UserError } from "../../user-error.ts";

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
  const clips = v.safeParse(namesSchema, metadata.get("clips"));
  const read = async (name: string): Promise<Float32Array> => {
    const tensor = tensors.find((one) => one.name === name);
    if (!clips.success || tensor?.type !== "float32" || tensor.dims.join() !== `${clips.output.length},${classes}`) {
      throw new UserError(`${path}: not the predictions of a model of ${classes} classes`);
    }
    return readFloats(tensor);
  };
  const [logits, scores, targets] = [await read("logits"), await read("scores"), await read("targets")];
  return { predictions: { logits, scores, targets }, clips: clips.success ? clips.output : [] };
};
