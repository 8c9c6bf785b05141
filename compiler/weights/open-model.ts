import { trainedClipsKey } from "../artifact/metadata.ts";
import { type MatchedCheckpoint, matchLayout } from "./match-layout.ts";
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
  return { ...matchLayout(checkpoint, file, from), notRead, trainedClips: checkpoint.metadata.get(trainedClipsKey) };
};
