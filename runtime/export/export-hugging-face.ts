/** A graph as a folder that `transformers.ASTForAudioClassification.from_pretrained` and transformers.js load. */
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { onnx } from "../../compiler/artifact/onnx.ts";
import type { HuggingFaceModel } from "../../compiler/artifact/hugging-face.ts";
import { names } from "../../compiler/artifact/names.ts";
import { removeAbandoned, temporaryPath } from "../../compiler/artifact/files/temporary-files.ts";
import { createFolders } from "../files/create-folders.ts";
import { cutProgram } from "../engine/cut-program.ts";
import type { Parameters } from "../artifact/read-training-checkpoint.ts";
import { readerOf } from "../artifact/stored-tensor.ts";
import { writeArtifact } from "../artifact/write-artifact.ts";
import { UserError } from "../user-error.ts";
import { readFloats } from "../artifact/read-floats.ts";
import { type WritableTensor, writeSafetensors } from "../safetensors/write-safetensors.ts";

/** The parameters under their names on the hub: several names share a tensor in equal parts of its first axis, in this order. */
const hubTensors = ({ path, parameters }: Parameters, names: HuggingFaceModel["names"]): readonly WritableTensor[] => {
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  return Object.entries(names).flatMap(([ours, hubNames]) => {
    const parameter = byName.get(ours);
    const [rows = 0, ...rest] = parameter?.dims ?? [];
    if (!parameter || rows % hubNames.length !== 0)
      throw new UserError(
        "tensor-missing",
        { path, tensor: ours },
        `the file is damaged: there is no ${ours} to export as ${hubNames.join(", ")}`,
      );
    return hubNames.map((name, part) => ({
      name,
      shape: [rows / hubNames.length, ...rest],
      read: async () => {
        const values = await readFloats(parameter);
        const length = values.length / hubNames.length;
        return values.subarray(part * length, (part + 1) * length);
      },
    }));
  });
};

/** As transformers.js runs it: normalised features [batch, frames, bins] in, logits [batch, classes] out. */
const classifierProgram = (artifact: Parameters): onnx.IModelProto => {
  const { frames, bins, classes } = artifact.metadata;
  const value = (name: string, ...dims: readonly number[]): onnx.IValueInfoProto => ({
    name,
    type: {
      tensorType: {
        elemType: onnxTypeNumbers.float32,
        shape: { dim: [{ dimParam: "batch_size" }, ...dims.map((dimValue) => ({ dimValue }))] },
      },
    },
  });
  return cutProgram(artifact, value(names.features, frames, bins), value(names.logits, classes.length));
};

/** What transformers.js expects beside a model.onnx of the external data format. */
const dataName = "model.onnx_data";

const writeClassifier = async (artifact: Parameters, folder: string): Promise<void> => {
  const model = classifierProgram(artifact);
  const kept = new Set(model.graph?.initializer?.map(({ name }) => name));
  const parameters = artifact.parameters.filter(({ name }) => kept.has(name));
  await mkdir(folder);
  await writeArtifact({ model, parameters }, join(folder, "model.onnx"), readerOf(parameters), join(folder, dataName));
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
      throw new UserError(
        "folder-not-empty",
        { target: folder },
        `cannot write ${folder}: it is a folder with files in it; name another`,
      );
    if (code === "ENOTDIR" && existsSync(folder))
      throw new UserError("not-a-folder", { target: folder }, `cannot write ${folder}: it is a file; name a folder`);
    throw error;
  }
};

/**
 * Writes model.safetensors, config.json, preprocessor_config.json and, of what has a graph, onnx/model.onnx, in a folder that appears whole
 * or not at all; the folders that lead to it are made, too.
 * @throws UserError where transformers has no class for the model, or the folder is in use; else the file system's error
 */
export const exportHuggingFace = async (artifact: Parameters, folder: string): Promise<void> => {
  const { path, metadata, model, dataFiles } = artifact;
  const { huggingFace, huggingFaceObstacle, classes } = metadata;
  if (!huggingFace) {
    const reason = huggingFaceObstacle ?? "compile it again to hear which part it lacks";
    throw new UserError(
      "not-exportable",
      { path, reason },
      `transformers' ASTForAudioClassification is not this model: ${reason}`,
    );
  }
  const tensors = hubTensors(artifact, huggingFace.names);
  const config = {
    ...huggingFace.config,
    id2label: Object.fromEntries(classes.entries()),
    label2id: Object.fromEntries(classes.map((name, index) => [name, index])),
    // Its own default in a browser is a quantised model.
    ...(model.graph
      ? { "transformers.js_config": { dtype: "fp32", use_external_data_format: dataFiles.length > 0 } }
      : {}),
  };
  const place = folder.replace(/[/\\]+$/, "");
  createFolders(dirname(place));
  removeAbandoned(place);
  await makeRoom(folder);
  const temporary = temporaryPath(place);
  try {
    await mkdir(temporary);
    await writeSafetensors(join(temporary, "model.safetensors"), tensors, { format: "pt" });
    await writeJson(join(temporary, "config.json"), config);
    await writeJson(join(temporary, "preprocessor_config.json"), huggingFace.preprocessor);
    if (model.graph) await writeClassifier(artifact, join(temporary, "onnx"));
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
};
