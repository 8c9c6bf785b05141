/** Parameters as one `.safetensors`, under their own names. */
import { dirname } from "node:path";
import { checkpointKeys } from "../../compiler/artifact/metadata.ts";
import { createFolders } from "../files/create-folders.ts";
import { readFloats } from "../artifact/read-floats.ts";
import type { Parameters } from "../artifact/read-training-checkpoint.ts";
import { writeSafetensors } from "../safetensors/write-safetensors.ts";

/** Makes the folders that lead to it, too. @throws the file system's error */
export const exportSafetensors = async ({ parameters, model }: Parameters, path: string): Promise<void> => {
  // Other tools keep constants of integers in the data file, too.
  const floats = parameters.filter(({ type }) => type === "float32");
  const tensors = floats.map((parameter) => ({
    name: parameter.name,
    shape: parameter.dims,
    read: () => readFloats(parameter),
  }));
  // With them, the compiler can read the file as a checkpoint.
  const meaning = (model.metadataProps ?? []).flatMap(({ key, value }) =>
    key && value && checkpointKeys.includes(key) ? [[key, value] as const] : [],
  );
  createFolders(dirname(path));
  await writeSafetensors(path, tensors, { format: "pt", ...Object.fromEntries(meaning) });
};
