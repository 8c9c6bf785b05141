/** Writes what ONNX Runtime's training API loads: three models and a checkpoint, in one folder. */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { formatBytes } from "../../artifact/format-number.ts";
import { temporaryPath } from "../../artifact/files/temporary-files.ts";
import { writeFailures } from "../../artifact/files/write-failures.ts";
import { encodeOnnx, type onnx } from "../../artifact/onnx.ts";
import { mostOrtCheckpointBytes } from "../../artifact/ort-checkpoint.ts";
import { CompileError } from "../../diagnostics/diagnostic.ts";
import type { Graph, State } from "../../ir/graph.ts";
import type { NormalizedTraining } from "../../ir/normalized-spec.ts";
import { openTemporary, type TemporaryFile } from "../open-temporary.ts";
import { type CheckpointContent, checkpointParts, checkpointSize } from "./checkpoint-parts.ts";
import { encodeEvaluationModel, encodeOptimizerModel, encodeTrainingModel, trainedOf } from "./encode-models.ts";

/** The files, as `onnxruntime.training.artifacts.generate_artifacts` calls them. */
export const trainingArtifactNames = {
  training: "training_model.onnx",
  evaluation: "eval_model.onnx",
  optimizer: "optimizer_model.onnx",
  checkpoint: "checkpoint",
} as const;

export interface TrainingArtifacts {
  /** Ends in the loss; replaces gradients' states. */
  readonly training: Graph;
  /** Ends in the loss, logits and scores. */
  readonly evaluation: Graph;
  readonly recipe: Pick<NormalizedTraining, "optimizer" | "clipNorm">;
  /** All that the network has of its own, in its order. */
  readonly weights: readonly State[];
  readonly properties: Pick<CheckpointContent, "texts" | "numbers">;
}

/**
 * Nothing is left half-written, and no checkpoint beside models of another spec: while files are replaced there is none.
 * @param folder made where it is missing
 * @param read a parameter's values; called once per parameter
 * @returns the bytes written: of the three models, and of the checkpoint
 * @throws CompileError when the disk is full or the folder cannot be written, or a checkpoint cannot be so large
 */
export const writeTrainingArtifacts = (
  folder: string,
  { training, evaluation, recipe, weights, properties }: TrainingArtifacts,
  read: (state: State) => Float32Array,
): { readonly models: number; readonly checkpoint: number } => {
  const trained = trainedOf(training, weights);
  const content = { trained, frozen: weights.filter((state) => !trained.includes(state)), ...properties };
  const size = checkpointSize(content);
  if (size > mostOrtCheckpointBytes) {
    const message = `ONNX Runtime's checkpoints hold at most 2 GB, and these parameters make ${formatBytes(size)}`;
    throw new CompileError([{ code: "not-in-training-artifacts", message }]);
  }
  const models: Readonly<Record<string, onnx.IModelProto>> = {
    [trainingArtifactNames.training]: encodeTrainingModel(training, weights),
    [trainingArtifactNames.evaluation]: encodeEvaluationModel(evaluation, weights),
    [trainingArtifactNames.optimizer]: encodeOptimizerModel(recipe),
  };
  const checkpointPath = join(folder, trainingArtifactNames.checkpoint);
  const opened: TemporaryFile[] = [];
  const open = (path: string): TemporaryFile => {
    const file = openTemporary(path);
    opened.push(file);
    return file;
  };
  try {
    mkdirSync(folder, { recursive: true });
    let modelBytes = 0;
    for (const [name, model] of Object.entries(models)) {
      const bytes = encodeOnnx(model);
      modelBytes += bytes.length;
      open(join(folder, name)).write(bytes);
    }
    const file = open(checkpointPath);
    for (const part of checkpointParts(content, read)) file.write(part);
    for (const { finish } of opened) finish();
    rmSync(checkpointPath, { force: true });
    for (const path of [...Object.keys(models).map((name) => join(folder, name)), checkpointPath]) {
      renameSync(temporaryPath(path), path);
    }
    return { models: modelBytes, checkpoint: size };
  } catch (error) {
    opened.forEach(({ discard }) => discard());
    const { code = "" } = error as NodeJS.ErrnoException;
    const reason = code === "EEXIST" ? "it is a file" : writeFailures[code];
    if (!reason) throw error;
    throw new CompileError([{ code: "output-not-written", message: `cannot write ${folder}: ${reason}` }]);
  }
};
