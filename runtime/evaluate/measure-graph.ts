import type { Artifact } from "../artifact/decode-artifact.ts";
import type { Clip } from "../data/dataset.ts";
import { leaveOut } from "../data/leave-out.ts";
import { openClassifier } from "../engine/classifier.ts";
import type { Device } from "../engine/device.ts";
import { nodeEngine } from "../engine/node.ts";
import { decideBy } from "./decide.ts";
import { openClips } from "./open-clips.ts";
import { type ClipPredictions, predict, type PredictOptions } from "./predict.ts";

export interface MeasureOptions extends Pick<PredictOptions, "clips" | "signal" | "onProgress"> {
  readonly device: Device;
  /** Clips at a time; default: the recipe's. */
  readonly batch?: number | undefined;
  /** Told of each clip that is left out; undefined where none may be. */
  readonly onUnreadable: ((clip: Clip, reason: string) => Promise<void>) | undefined;
  /** Told what is to be said of the clips. */
  readonly note: (text: string) => void;
}

/**
 * One graph's answers to labelled clips.
 * @returns undefined where the signal ended it
 * @throws UserError where the graph does not run on the device, or a clip cannot be read and none may be left out
 */
export const measureGraph = async (
  artifact: Artifact,
  { device, batch = artifact.metadata.recipe.batch, onUnreadable, note, ...options }: MeasureOptions,
): Promise<ClipPredictions | undefined> => {
  const supply = openClips(artifact);
  const { loadToEvaluate: load } = leaveOut(options.clips, supply.load, onUnreadable);
  const classifier = decideBy(artifact.metadata, await openClassifier(nodeEngine, artifact, device));
  try {
    return await predict({ artifact, classifier, load, batch, ...options });
  } finally {
    await classifier.close();
    supply.describe().forEach(note);
    await supply.close();
  }
};
