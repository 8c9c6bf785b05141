/** The features as written to the features as lowered: in samples, with every default filled in. */
import type {
  AnyLength,
  Decibels,
  FeatureStep,
  KaldiFbank,
  KaldiMel,
  Log,
  MelSpectrogram,
  Normalize,
  PadOrCut,
} from "../../spec/dsl/features.ts";
import type { GraphInput } from "../artifact/metadata.ts";
import type { Model } from "../../spec/dsl/model.ts";
import { checkNumbers, type Report } from "../diagnostics/report.ts";
import type { Spectrogram } from "../ir/flow.ts";
import { type Compression, framesOf, kaldiLog, type NormalizedFeatures } from "../ir/normalized-spec.ts";
import { type FeatureSource, matchFeatures, resolveNormalization } from "./match-features.ts";

/** Each place is taken by one step. */
const featureOrder: readonly (readonly FeatureStep["kind"][])[] = [
  ["removeMean"],
  ["gain"],
  ["preemphasis"],
  ["kaldiFbank", "kaldiMel", "melSpectrogram"],
  ["log", "decibels"],
  ["padOrCut", "anyLength"],
  ["normalize"],
];
const orderInWords =
  "the order is removeMean, gain, preemphasis, kaldiFbank (or kaldiMel or melSpectrogram, and log or decibels), padOrCut or anyLength, normalize";

/** The place of a step in that order; `kaldiFbank` takes two. */
const placeOf = ({ kind }: FeatureStep): number => featureOrder.findIndex((kinds) => kinds.includes(kind));
const endOf = (step: FeatureStep): number => placeOf(step) + (step.kind === "kaldiFbank" ? 1 : 0);

/** Float32 counts samples one by one up to here. */
const mostSamples = 2 ** 24;

type Mel = KaldiFbank | KaldiMel | MelSpectrogram;

const findStep = <Kind extends FeatureStep["kind"]>(
  features: Model["features"],
  ...kinds: readonly Kind[]
): Extract<FeatureStep, { kind: Kind }> | undefined =>
  features.find((step): step is Extract<FeatureStep, { kind: Kind }> => kinds.some((kind) => kind === step.kind));
const findMel = (features: Model["features"]): Mel | undefined =>
  findStep(features, "kaldiFbank", "kaldiMel", "melSpectrogram");
const findLength = (features: Model["features"]): PadOrCut | AnyLength | undefined =>
  findStep(features, "padOrCut", "anyLength");

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

const checkOrder = (features: Model["features"], report: Report): void => {
  let reached = -1;
  for (const step of features) {
    if (placeOf(step) <= reached) {
      const isSecond = placeOf(step) === reached && findStep(features, "kaldiFbank") && !findStep(features, "kaldiMel");
      const isLog = step.kind === "log" || step.kind === "decibels";
      const fix = isSecond && isLog ? "kaldiFbank has its own logarithm, and kaldiMel none" : orderInWords;
      report.add("feature-order", `${step.kind} cannot stand here`, step, undefined, fix);
    }
    reached = Math.max(reached, endOf(step));
  }
};

/** Of the mel spectrogram, and how its frames lie. */
type MelSettings = Pick<
  NormalizedFeatures,
  "bins" | "frameLengthSamples" | "frameShiftSamples" | "window" | "lowHz" | "highHz" | "preemphasis" | "stft"
>;

const checkFilterRange = (
  step: Mel,
  { lowHz, highHz }: Pick<MelSettings, "lowHz" | "highHz">,
  sampleRateHz: number,
  report: Report,
): void => {
  if (lowHz < highHz && highHz <= sampleRateHz / 2) return;
  const message = `the filters reach from ${lowHz} Hz to ${highHz} Hz; expected low < high <= ${sampleRateHz / 2} Hz`;
  report.add("filter-range", message, step, step.highHz === undefined ? "lowHz" : "highHz");
};

const settleKaldi = (
  step: KaldiFbank | KaldiMel,
  sampleRateHz: number | undefined,
  report: Report,
): MelSettings | undefined => {
  const areNumbersRight = checkNumbers(report, step, {
    bins: "a whole number of at least 1",
    frameLengthMs: "greater than 0",
    frameShiftMs: "greater than 0",
    lowHz: "0 or more",
    highHz: "greater than 0",
    preemphasis: "at least 0 and less than 1",
  });
  if (!areNumbersRight || sampleRateHz === undefined) return undefined;
  const { bins, window, lowHz = 20, highHz = sampleRateHz / 2, preemphasis = 0.97 } = step;
  checkFilterRange(step, { lowHz, highHz }, sampleRateHz, report);
  const samples = (milliseconds: number): number => Math.floor((milliseconds * sampleRateHz) / 1000);
  for (const key of ["frameLengthMs", "frameShiftMs"] as const) {
    const least = key === "frameLengthMs" ? 2 : 1;
    if (samples(step[key]) >= least) continue;
    const count = (step[key] * sampleRateHz) / 1000;
    const message = `${key} of ${step[key]} is ${count} samples at ${sampleRateHz} Hz; expected at least ${least}`;
    report.add("frame-too-short", message, step, key);
  }
  const [frameLengthSamples, frameShiftSamples] = [samples(step.frameLengthMs), samples(step.frameShiftMs)];
  return { bins, frameLengthSamples, frameShiftSamples, window, lowHz, highHz, preemphasis, stft: null };
};

/** A transform is a matrix with so many rows and columns at the most: 256 MiB. */
const mostFftSamples = 8192;

const settleSpectrogram = (
  step: MelSpectrogram,
  sampleRateHz: number | undefined,
  report: Report,
): MelSettings | undefined => {
  const areNumbersRight = checkNumbers(report, step, {
    bins: "a whole number of at least 1",
    fftSamples: "a whole number of at least 1",
    windowSamples: "a whole number of at least 1",
    hopSamples: "a whole number of at least 1",
    lowHz: "0 or more",
    highHz: "greater than 0",
  });
  if (!areNumbersRight || sampleRateHz === undefined) return undefined;
  const { bins, fftSamples, windowSamples = fftSamples, window = "hanning" } = step;
  const { hopSamples = Math.floor(windowSamples / 2), lowHz = 0, highHz = Math.floor(sampleRateHz / 2) } = step;
  const { periodic = true, power = 2, centered = true, melScale = "htk", norm = "none" } = step;
  if (fftSamples % 2 !== 0 || fftSamples < 16 || fftSamples > mostFftSamples) {
    const message = `a transform of ${fftSamples} samples; expected an even number from 16 to ${mostFftSamples}`;
    report.add("transform-length", message, step, "fftSamples");
  } else if (windowSamples > fftSamples || windowSamples < 2) {
    const message = `a window of ${windowSamples} samples; expected from 2 to the ${fftSamples} of the transform`;
    report.add("window-fits-transform", message, step, "windowSamples");
  }
  checkFilterRange(step, { lowHz, highHz }, sampleRateHz, report);
  return {
    bins,
    frameLengthSamples: fftSamples,
    frameShiftSamples: hopSamples,
    window,
    lowHz,
    highHz,
    preemphasis: 0,
    stft: { windowSamples, periodic, power, centered, melScale, norm },
  };
};

const settleCompression = (step: Log | Decibels | undefined, report: Report): Compression => {
  if (!step) return kaldiLog;
  if (step.kind === "log") {
    if ("plus" in step && "floor" in step) {
      report.add("log-both", "log takes floor or plus, not both", step, "plus");
    }
    if ("plus" in step) checkNumbers(report, step, { plus: "greater than 0" });
    if ("floor" in step) checkNumbers(report, step, { floor: "greater than 0" });
    return step;
  }
  checkNumbers(report, step, { topDb: "0 or more", floor: "greater than 0", reference: "greater than 0" });
  const { floor = 1e-10, reference = 1 } = step;
  return { ...step, floor, reference };
};

const checkNormalize = (step: Normalize, report: Report): void => {
  if ("from" in step) return;
  if ("per" in step) {
    checkNumbers(report, step, { eps: "greater than 0" });
    const other = ["mean", "std", "to"].find((key) => key in step);
    if (other === undefined) return;
    const message = `per: "clip" takes each clip's own mean and deviation, and ${other} is of a data set's`;
    report.add("normalize-both", message, step, other);
  } else checkNumbers(report, step, { mean: "a finite number", std: "greater than 0", to: "greater than 0" });
};

const checkFill = (length: PadOrCut | AnyLength, normalize: Normalize, report: Report): void => {
  checkNumbers(report, length, { fill: "a finite number" });
  if (length.fill === undefined || !("per" in normalize)) return;
  const message =
    'fill does nothing before normalize({ per: "clip" }), after which frames that a clip does not have are 0';
  report.add("no-effect", message, length, "fill");
};

/** Samples are counted, and mirrored, in float32. */
const checkReach = (
  { frameLengthSamples, frameShiftSamples, stft }: MelSettings,
  length: PadOrCut | AnyLength,
  bounds: NormalizedFeatures["anyLength"],
  report: Report,
): void => {
  const frames = bounds?.most ?? length.frames;
  const reach = frames * frameShiftSamples + frameLengthSamples;
  if (reach <= mostSamples || (!bounds && !stft?.centered)) return;
  const message = `${frames} frames reach over ${reach} samples; expected at most ${mostSamples}`;
  report.add("length-too-long", message, length, bounds ? "most" : "frames");
};

/** @returns undefined where some are missing, which is reported as all else that is wrong is */
export const normalizeFeatures = (
  model: Model,
  input: GraphInput,
  source: FeatureSource | undefined,
  report: Report,
): NormalizedFeatures | undefined => {
  const isRateRight = checkNumbers(report, model.input, { sampleRateHz: "a whole number of at least 1" });
  const { features: steps } = model;
  checkOrder(steps, report);
  const [mel, levels, length] = [findMel(steps), findStep(steps, "log", "decibels"), findLength(steps)];
  const normalize: Normalize = findStep(steps, "normalize") ?? { kind: "normalize", mean: 0, std: 1 };
  const hasLevels = mel?.kind === "kaldiFbank" || levels !== undefined;
  const miss = (what: string): void => report.add("feature-missing", `the features have ${what}`, model, "features");
  if (!mel) miss("no kaldiFbank, kaldiMel or melSpectrogram");
  else if (!hasLevels) miss(`neither log nor decibels after ${mel.kind}`);
  if (!length) miss("neither padOrCut nor anyLength");
  if (!mel || !length || !hasLevels) return undefined;

  const sampleRateHz = isRateRight ? model.input.sampleRateHz : undefined;
  const settings =
    mel.kind === "melSpectrogram"
      ? settleSpectrogram(mel, sampleRateHz, report)
      : settleKaldi(mel, sampleRateHz, report);
  const [gain, emphasis] = [findStep(steps, "gain"), findStep(steps, "preemphasis")];
  if (gain) checkNumbers(report, gain, { factor: "greater than 0" });
  if (emphasis) checkNumbers(report, emphasis, { coefficient: "at least 0 and less than 1" });
  const compression = settleCompression(levels, report);
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
  checkFill(length, normalize, report);
  checkNormalize(normalize, report);
  const normalization = resolveNormalization(normalize, source, report);
  if (settings) checkReach(settings, length, bounds, report);
  if (!normalization || !settings) return undefined;
  const features: NormalizedFeatures = {
    removeMean: findStep(steps, "removeMean") !== undefined,
    gain: gain?.factor ?? 1,
    emphasis: emphasis ? { coefficient: emphasis.coefficient, first: emphasis.first ?? "kept" } : null,
    ...settings,
    compression,
    frames: length.frames,
    ...(bounds ? { anyLength: bounds } : {}),
    fill: length.fill ?? null,
    perClip: normalization.perClip,
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
  const [mel, length] = [findMel(steps), findLength(steps)];
  if (!mel || !length) return undefined;
  const { frames } = length;
  return { kind: "spectrogram", frames: features ? framesOf(features) : frames, bins: mel.bins, heldFrames: frames };
};
