import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { errorsAt, separation } from "../metrics/set-points.ts";
import type { MeasuredRejection } from "./evaluation-events.ts";
import type { ClipPredictions } from "./predict.ts";

/** What a graph's set points come to on other clips than those that they were set on; undefined where it has none. */
export const measureRejection = (
  { clips, likeness }: ClipPredictions,
  { decisions }: Pick<ArtifactMetadata, "decisions">,
): MeasuredRejection | undefined => {
  const rejection = decisions?.rejection;
  if (!rejection || !likeness) return undefined;
  const part = (isWanted: (classes: number) => boolean): Float64Array =>
    Float64Array.from(likeness.filter((_, row) => isWanted(clips[row]?.classIndices.length ?? 0)));
  const known = part((classes) => classes > 0);
  if (known.length === 0) return undefined;
  const parts = { known, background: part((classes) => classes === 0) };
  const { score, rateOf, points } = rejection;
  return {
    score,
    rateOf,
    points: points.map(({ rate, threshold }) => ({ rate, threshold, ...errorsAt(threshold, parts) })),
    separation: separation(parts) ?? null,
  };
};
