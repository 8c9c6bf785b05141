/** The features as written to the features as lowered: in samples, with every default filled in. */
import type { FeatureStep, KaldiFbank, Normalize, PadOrCut } from "../../spec/dsl/features.ts";
import type { Model } from "../../spec/dsl/model.ts";
import { checkNumbers, type Report } from "../diagnostics/report.ts";
import type { Spectrogram } from "../ir/flow.ts";
import type { NormalizedFeatures } from "../ir/normalized-spec.ts";
import { type FeatureSource, matchFeatures, resolveNormalization } from "./match-features.ts";

const featureOrder = ["removeMean", "kaldiFbank", "padOrCut", "normalize"] as const;

/** @returns undefined where some are missing, which is reported as all else that is wrong is */
export const normalizeFeatures = (
  model: Model,
  source: FeatureSource | undefined,
  report: Report,
): NormalizedFeatures | undefined => {
  const isRateRight = checkNumbers(report, model.input, { sampleRateHz: "a whole number of at least 1" });
  const steps = new Map<FeatureStep["kind"], FeatureStep>();
  let reached = -1;
  for (const step of model.features) {
    const position = featureOrder.indexOf(step.kind);
    if (position <= reached) {
      report.add(
        "feature-order",
        `${step.kind} cannot stand here`,
        step,
        undefined,
        `the order is ${featureOrder.join(", ")}`,
      );
    }
    reached = Math.max(reached, position);
    steps.set(step.kind, step);
  }
  const fbank = steps.get("kaldiFbank") as KaldiFbank | undefined;
  const length = steps.get("padOrCut") as PadOrCut | undefined;
  const normalize = (steps.get("normalize") ?? { kind: "normalize", mean: 0, std: 1 }) as Normalize;
  if (!fbank || !length) {
    report.add("feature-missing", `the features have no ${fbank ? "padOrCut" : "kaldiFbank"}`, model, "features");
    return undefined;
  }
  const areFiltersRight = checkNumbers(report, fbank, {
    bins: "a whole number of at least 1",
    frameLengthMs: "greater than 0",
    frameShiftMs: "greater than 0",
    lowHz: "0 or more",
    highHz: "greater than 0",
    preemphasis: "at least 0 and less than 1",
  });
  const isSound = isRateRight && areFiltersRight;
  checkNumbers(report, length, { frames: "a whole number of at least 1" });
  if (!("from" in normalize)) {
    checkNumbers(report, normalize, { mean: "a finite number", std: "greater than 0", to: "greater than 0" });
  }
  const normalization = resolveNormalization(normalize, source, report);

  const { sampleRateHz } = model.input;
  const { lowHz = 20, highHz = sampleRateHz / 2, preemphasis = 0.97 } = fbank;
  if (isSound && (lowHz >= highHz || highHz > sampleRateHz / 2)) {
    const message = `the filters reach from ${lowHz} Hz to ${highHz} Hz; expected low < high <= ${sampleRateHz / 2} Hz`;
    report.add("filter-range", message, fbank, fbank.highHz === undefined ? "lowHz" : "highHz");
  }
  const samples = (milliseconds: number): number => Math.floor((milliseconds * sampleRateHz) / 1000);
  for (const key of ["frameLengthMs", "frameShiftMs"] as const) {
    const least = key === "frameLengthMs" ? 2 : 1;
    if (!isSound || samples(fbank[key]) >= least) continue;
    const count = (fbank[key] * sampleRateHz) / 1000;
    const message = `${key} of ${fbank[key]} is ${count} samples at ${sampleRateHz} Hz; expected at least ${least}`;
    report.add("frame-too-short", message, fbank, key);
  }
  if (!normalization) return undefined;
  const features = {
    removeMean: steps.has("removeMean"),
    bins: fbank.bins,
    frameLengthSamples: samples(fbank.frameLengthMs),
    frameShiftSamples: samples(fbank.frameShiftMs),
    window: fbank.window,
    lowHz,
    highHz,
    preemphasis,
    frames: length.frames,
    mean: normalization.mean,
    scale: normalization.scale,
  };
  if (source) matchFeatures(model, normalize, features, source, report);
  return features;
};

/** What reaches the network, as far as the features are there; whether their numbers are right is reported elsewhere. */
export const startOf = ({ features }: Model): Spectrogram | undefined => {
  const [fbank, length] = [
    features.find((step) => step.kind === "kaldiFbank"),
    features.find((step) => step.kind === "padOrCut"),
  ];
  return fbank && length && { kind: "spectrogram", frames: length.frames, bins: fbank.bins };
};
