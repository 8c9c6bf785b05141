/** A graph's answers as it has been measured that they are to be read: the one place where that is done. */
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { Classification, Classifier } from "../engine/classifier.ts";
import { calibrateLogits } from "../metrics/calibrate-logits.ts";
import { rejectionScores } from "../metrics/rejection-scores.ts";

export interface Answers extends Classification {
  /** [batch], how much each clip is like those of the classes; undefined where the graph has no measure of it. */
  readonly likeness: Float64Array | undefined;
}

/** A classifier whose scores are calibrated where its graph says how. */
export interface Decider extends Pick<Classifier, "close"> {
  readonly classify: (...args: Parameters<Classifier["classify"]>) => Promise<Answers>;
}

export const decideBy = (metadata: ArtifactMetadata, { classify, close }: Classifier): Decider => {
  const { calibration, rejection } = metadata.decisions ?? {};
  return {
    classify: async (waveform) => {
      const own = await classify(waveform);
      return {
        ...(calibration ? calibrateLogits(own.logits, calibration, metadata.objective) : own),
        likeness: rejection ? rejectionScores(rejection.score, own, metadata) : undefined,
      };
    },
    close,
  };
};
