import { plural } from "../../artifact/plural.ts";
import type { NormalizedSpec } from "../../ir/normalized-spec.ts";
import { emptyFilters } from "./mel-filters.ts";

type Features = Pick<NormalizedSpec, "features" | "sampleRateHz">;

/** As torchaudio warns of its filters; Kaldi's, which it does not warn of, are the reference's own. */
const filterWarnings = ({ features, sampleRateHz }: Features): readonly string[] => {
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

/** Zeros of a logarithm are the reference's padding; as decibels they are what its authors never heard. */
const fillWarnings = ({ features: { compression, fill, perClip, stft, anyLength } }: Features): readonly string[] => {
  if (compression.kind !== "decibels" || fill !== null || perClip) return [];
  const { floor, reference } = compression;
  const silence = (stft?.power === 1 ? 20 : 10) * Math.log10(floor / Math.max(floor, reference));
  if (silence === 0) return [];
  const step = anyLength ? "anyLength" : "padOrCut";
  const level = Number(silence.toFixed(1));
  return [
    `${step} fills clips that are too short with 0 dB, which is loud: silence is ${level} dB; ` +
      `take ${step}({ ..., fill: ${level} }), or fill: 0 where that is meant`,
  ];
};

/** What of the features may not be meant. */
export const featureWarnings = (spec: Features): readonly string[] => [...filterWarnings(spec), ...fillWarnings(spec)];
