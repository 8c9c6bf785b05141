/** A graph as a folder that `transformers.ASTForAudioClassification.from_pretrained` loads. */
import { mkdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Artifact } from "../session/read-artifact.ts";
import type { StoredTensor } from "../session/stored-tensor.ts";
import { UserError } from "../user-error.ts";
import { readFloats } from "./read-floats.ts";
import { type WritableTensor, writeSafetensors } from "../safetensors/write-safetensors.ts";

/** A parameter under its names on the hub: equal parts of its first axis, in this order. */
const splitParameter = (parameter: StoredTensor, names: readonly string[]): readonly WritableTensor[] => {
  const [rows = 0, ...rest] = parameter.dims;
  return names.map((name, part) => ({
    name,
    shape: [rows / names.length, ...rest],
    read: async () => {
      const values = await readFloats(parameter);
      const length = values.length / names.length;
      return values.subarray(part * length, (part + 1) * length);
    },
  }));
};

const writeJson = (path: string, value: object): Promise<void> =>
  writeFile(path, `${JSON.stringify(value, null, 2)}\n`, { flush: true });

/** An empty folder makes room for the new one; any other stays as it is. */
const makeRoom = async (folder: string): Promise<void> => {
  try {
    await rmdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return;
    if (code === "ENOTEMPTY" || code === "EEXIST")
      throw new UserError(`cannot write ${folder}: it is a folder with files in it; name another`);
    if (code === "ENOTDIR") throw new UserError(`cannot write ${folder}: it is a file; name a folder`);
    throw error;
  }
};

/**
 * Writes model.safetensors, config.json and preprocessor_config.json; the folder appears whole or not at all.
 * @throws UserError where transformers has no class for the model, or the folder is in use; else the file system's error
 */
export const exportHuggingFace = async ({ path, metadata, parameters }: Artifact, folder: string): Promise<void> => {
  const { huggingFace, huggingFaceObstacle, classes } = metadata;
  if (!huggingFace) {
    const reason =
      huggingFaceObstacle === undefined ? "compile it again to hear which part it lacks" : huggingFaceObstacle;
    throw new UserError(
      `${path}: transformers' ASTForAudioClassification is not this model: ${reason}; --format safetensors writes any model`,
    );
  }
  const config = {
    ...huggingFace.config,
    id2label: Object.fromEntries(classes.entries()),
    label2id: Object.fromEntries(classes.map((name, index) => [name, index])),
  };
  const tensors = parameters.flatMap((parameter) => splitParameter(parameter, huggingFace.names[parameter.name] ?? []));
  await makeRoom(folder);
  const temporary = `${folder.replace(/[/\\]+$/, "")}.${process.pid}.tmp`;
  try {
    await mkdir(temporary);
    await writeSafetensors(join(temporary, "model.safetensors"), tensors, { format: "pt" });
    await writeJson(join(temporary, "config.json"), config);
    await writeJson(join(temporary, "preprocessor_config.json"), huggingFace.preprocessor);
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
};
