/** What `config.json` tells people: the model, the recipe's choices and the machine. */
import * as v from "valibot";
import { readText } from "../../files/read-text.ts";
import { UserError } from "../../user-error.ts";

const contextSchema = v.object({
  startedAt: v.string(),
  model: v.object({
    specName: v.string(),
    specHash: v.string(),
    objective: v.picklist(["multi-label", "single-label"]),
    classes: v.array(v.string()),
    parameters: v.number(),
  }),
  recipe: v.object({
    schedule: v.object({ kind: v.string() }),
    accumulate: v.number(),
    precision: v.string(),
    sampling: v.string(),
  }),
  environment: v.object({
    specgraph: v.optional(v.string(), "unknown"),
    node: v.string(),
    onnxruntime: v.optional(v.string(), "unknown"),
    platform: v.string(),
    cpu: v.string(),
    cores: v.number(),
    memoryBytes: v.number(),
    device: v.string(),
  }),
});

export type RunContext = v.InferOutput<typeof contextSchema>;

/** @throws UserError where it cannot be read or is no config of a run */
export const readContext = (path: string): RunContext => {
  const text = readText(path);
  try {
    return v.parse(contextSchema, JSON.parse(text));
  } catch {
    throw new UserError(`${path}: not what a training of this runtime's version wrote`);
  }
};
