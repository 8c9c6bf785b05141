/** The features as written to the features as lowered: in samples, with every default filled in. */
import type { AnyLength, FeatureStep, KaldiFbank, Normalize, PadOrCut } from "../../spec/dsl/features.ts";
import type { GraphInput } from "../artifact/metadata.ts";
import type { Model } from "../../spec/dsl/model.ts";
import { checkNumbers, type Report } from "../diagnostics/report.ts";
import type { Spectrogram } from "../ir/flow.ts";
import { framesOf, type NormalizedFeatures } from "../ir/normalized-spec.ts";
import { type FeatureSource, matchFeatures, resolveNormalization } from "./match-features.ts";

const featureOrder = ["removeMean", "kaldiFbank", "padOrCut", "normalize"] as const;

/** The place of a step in that order. */
const placeOf = ({ kind }: FeatureStep): number => featureOrder.indexOf(kind === "anyLength" ? "padOrCut" : kind);

/** Float32 counts samples one by one up to here. */
const mostSamples = 2 ** 24;

const findLength = (features: Model["features"]): PadOrCut | AnyLength | undefined =>
  features.find((step) => step.kind === "padOrCut" || step.kind === "anyLength");

/** What the lengths of clips are bounded by; undefined where all have one. */
const settleLength = (step: PadOrCut | AnyLength, report: Report): NormalizedFeatures["anyLength"] => {
  const isRight = checkNumbers(report, step, { frames: "a whole number of at least 1" });
  if (step.kind === "padOrCut") return undefined;
  const rule = "a whole number of at least 1";
  const { frames, least, most = Math.max(3072, frames) } = step;
  if (checkNumbers(report, step, { least: rule, most: rule }) && isRight && (least > frames || frames > most)) {
    const message = `lengths from ${least} to ${most} frames, and positions for ${frames}; expected least <= frames <= most`;
    report.add("length-order", message, step);
  }
  return { least, most };
};

/** @returns undefined where some are missing, which is reported as all else that is wrong is */
export const normalizeFeatures = (
  model: Model,
  input: GraphInput,
  source: FeatureSource | undefined,
  report: Report,
): NormalizedFeatures | undefined => {
  const isRateRight = checkNumbers(report, model.input, { sampleRateHz: "a whole number of at least 1" });
  const steps = new Map<FeatureStep["kind"], FeatureStep>();
  let reached = -1;
  for (const step of model.features) {
    const position = placeOf(step);
    if (position <= reached) {
      report.add(
        "feature-order",
        `${step.kind} cannot stand here`,
        step,
        undefined,
        "the order is removeMean, kaldiFbank, padOrCut or anyLength, normalize",
      );
    }
    reached = Math.max(reached, position);
    steps.set(step.kind, step);
  }
  const fbank = steps.get("kaldiFbank") as KaldiFbank | undefined;
  const length = findLength(model.features);
  const normalize = (steps.get("normalize") ?? { kind: "normalize", mean: 0, std: 1 }) as Normalize;
  if (!fbank || !length) {
    const missing = fbank ? "neither padOrCut nor anyLength" : "no kaldiFbank";
    report.add("feature-missing", `the features have ${missing}`, model, "features");
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
  const bounds = settleLength(length, report);
  if (input === "features" && bounds) {
    const message = "anyLength tells a clip's end by its samples, and a graph that starts at features has none";
    report.add(
      "any-length-needs-waveforms",
      message,
      length,
      undefined,
      "compile with --input waveform, or take padOrCut",
    );
  }
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
  const reach = isSound && bounds ? bounds.most * samples(fbank.frameShiftMs) + samples(fbank.frameLengthMs) : 0;
  if (reach > mostSamples) {
    const message = `${bounds?.most} frames reach over ${reach} samples; expected at most ${mostSamples}`;
    report.add("length-too-long", message, length, "most");
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
    ...(bounds ? { anyLength: bounds } : {}),
    mean: normalization.mean,
    scale: normalization.scale,
  };
  if (source) matchFeatures(model, normalize, features, source, report);
  return features;
};

/** What reaches the network, as far as the features are there and right; what is wrong with them is reported elsewhere. */
export const startOf = (
  { features: steps }: Pick<Model, "features">,
  features: NormalizedFeatures | undefined,
): Spectrogram | undefined => {
  const [fbank, length] = [steps.find((step) => step.kind === "kaldiFbank"), findLength(steps)];
  if (!fbank || !length) return undefined;
  const { frames } = length;
  return { kind: "spectrogram", frames: features ? framesOf(features) : frames, bins: fbank.bins, heldFrames: frames };
};
