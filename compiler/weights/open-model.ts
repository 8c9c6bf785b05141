import { programName } from "../artifact/files/program-name.ts";
import { trainedClipsKey, trainingCheckpointFormat } from "../artifact/metadata.ts";
import { type MatchedCheckpoint, matchLayout } from "./match-layout.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";
import { locateCheckpoint } from "./readers/locate-checkpoint.ts";
import { openCheckpoint } from "./readers/open-checkpoint.ts";

/**
 * The model in a checkpoint.
 * @param path a file, or a folder as Hugging Face has them
 * @param from where in the file the model is; undefined: by rule
 * @throws CheckpointError where the file is missing, broken, or not of a known layout, or holds several models
 */
export const openModel = (path: string, from?: string): MatchedCheckpoint => {
  const { file, notRead } = locateCheckpoint(path);
  const checkpoint = openCheckpoint(file);
  if (checkpoint.metadata.get("format") === trainingCheckpointFormat) {
    throw new CheckpointError(
      file,
      `is a training's checkpoint, for ${programName} train --resume; name the graph.onnx or best.onnx beside it`,
    );
  }
  return { ...matchLayout(checkpoint, file, from), notRead, trainedClips: checkpoint.metadata.get(trainedClipsKey) };
};
