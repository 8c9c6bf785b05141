import type { ArtifactMetadata } from "../../../compiler/artifact/metadata.ts";
import { meanLoss } from "../../metrics/mean-loss.ts";
import type { NamedPredictions } from "../../runs/run-predictions.ts";
import type { ScoredLabel, WorstClip } from "./sections/report-data.ts";

/** Classes that are shown beside the clip's own. */
const shownOthers = 3;

const byScore = (a: ScoredLabel, b: ScoredLabel): number => b.score - a.score;

/** The clips with the highest losses, the highest first. */
export const rankWorstClips = (
  { predictions: { logits, scores, targets }, clips }: NamedPredictions,
  { objective, classes }: Pick<ArtifactMetadata, "objective" | "classes">,
  count: number,
): readonly Omit<WorstClip, "spectrogram" | "sounds">[] => {
  const row = (values: Float32Array, clip: number): Float32Array =>
    values.subarray(clip * classes.length, (clip + 1) * classes.length);
  return clips
    .map((name, clip) => ({
      name,
      clip,
      loss: meanLoss(objective, row(logits, clip), row(targets, clip), classes.length),
    }))
    .sort((a, b) => b.loss - a.loss)
    .slice(0, count)
    .map(({ name, clip, loss }) => {
      const own = row(targets, clip);
      const labels = [...row(scores, clip)]
        .map((score, index) => ({ label: classes[index] ?? "", score, isTrue: (own[index] ?? 0) > 0 }))
        .sort(byScore);
      const others = labels.filter(({ isTrue }) => !isTrue).slice(0, shownOthers);
      return { name, loss, labels: [...labels.filter(({ isTrue }) => isTrue), ...others] };
    });
};
