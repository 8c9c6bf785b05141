import { plural } from "../../artifact/plural.ts";
import type { NormalizedSpec } from "../../ir/normalized-spec.ts";
import { emptyFilters } from "./mel-filters.ts";

/** As torchaudio warns of its filters; Kaldi's, which it does not warn of, are the reference's own. */
export const featureWarnings = ({
  features,
  sampleRateHz,
}: Pick<NormalizedSpec, "features" | "sampleRateHz">): readonly string[] => {
  const { stft, bins, frameLengthSamples } = features;
  const empty = stft ? emptyFilters(features, sampleRateHz) : [];
  if (empty.length === 0) return [];
  const count = empty.length;
  const numbers = `${empty.slice(0, 8).join(", ")}${count > 8 ? ", ..." : ""}`;
  return [
    `${count} of the ${bins} filters of melSpectrogram ${plural(count, "weighs", "weigh")} no frequency of its transform, so that ` +
      `${plural(count, "bin")} ${numbers}, counted from 0, ${plural(count, "is", "are")} silent whatever is heard; ` +
      `take fewer bins, or more fftSamples than ${frameLengthSamples}`,
  ];
};
