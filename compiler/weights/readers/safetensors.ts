/** Hugging Face's `.safetensors` as a checkpoint. */
import { readSafetensorsHeader, type SafetensorsType } from "../../artifact/safetensors.ts";
import type { ByteSource } from "./byte-source.ts";
import { type Checkpoint, tensorEntry } from "./checkpoint.ts";
import { refuseAt } from "./checkpoint-error.ts";
import { type DType, dtypeNames, dtypes } from "./dtype.ts";
import { nameProblem } from "./name-problem.ts";

const types: ReadonlyMap<string, SafetensorsType<DType>> = new Map(
  dtypeNames.map((type) => [dtypes[type].safetensors, { type, bytes: dtypes[type].bytes }]),
);

/** @throws CheckpointError for a header that is broken or does not account for every byte of the file. */
export const readSafetensors = (source: ByteSource): Checkpoint => {
  const refuse = refuseAt(source.path);
  const { metadata, tensors } = readSafetensorsHeader(source, types, ({ message }) => refuse(message));
  const problem = tensors.map(({ name }) => nameProblem(name)).find((each) => each !== undefined);
  if (problem !== undefined) refuse(`a tensor is refused: ${problem}`);
  const entries = tensors.map(({ name, type, shape, offset, bytes }) =>
    tensorEntry(name, type, shape, () => source.read(offset, bytes)),
  );
  return {
    format: "safetensors",
    tensors: new Map(entries.map((entry) => [entry.name, entry])),
    objects: new Map(),
    metadata,
  };
};
