/** Whether a spec's features are those that its checkpoint was trained on: with others its parameters mean something else. */
import type { Normalize } from "../../spec/dsl/features.ts";
import type { Model } from "../../spec/dsl/model.ts";
import { filtersOf } from "../weights/facts/geometry.ts";
import { stepDifferences } from "../weights/facts/feature-steps.ts";
import type { SourceFeatures } from "../weights/facts/source-facts.ts";
import type { NormalizedFeatures } from "../ir/normalized-spec.ts";
import type { Report } from "../diagnostics/report.ts";

/** A checkpoint, as far as features are concerned. */
export interface FeatureSource {
  readonly path: string;
  /** undefined: it does not tell. */
  readonly features: SourceFeatures | undefined;
}

type Normalization = Pick<NormalizedFeatures, "mean" | "scale" | "perClip">;

const normalizationOf = ({ mean, scale, filters: { perClip = null } }: SourceFeatures): Normalization => ({
  mean,
  scale,
  perClip,
});

/** @returns the checkpoint's normalisation where the spec asks for it; undefined, and reported, where there is none */
export const resolveNormalization = (
  step: Normalize,
  source: FeatureSource | undefined,
  report: Report,
): Normalization | undefined => {
  if ("per" in step) return { mean: 0, scale: 1, perClip: { eps: step.eps ?? 1e-5 } };
  if (!("from" in step)) return { mean: step.mean, scale: (step.to ?? 1) / step.std, perClip: null };
  if (source?.features) return normalizationOf(source.features);
  const reason = source ? `${source.path} does not tell them` : "there is none";
  const fix = source
    ? "normalize({ mean, std, to: 0.5 }) or, in ast(), statistics: { mean, std }"
    : "checkpoint({ file }) or --weights";
  const message = `mean and deviation are to come from the checkpoint, but ${reason}`;
  report.add("checkpoint-without-statistics", message, step, undefined, fix);
  return undefined;
};

/** Up to what a figure is the same: it may have gone through float32 and back. */
const isClose = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b));
const figure = (value: number): string => String(Number(value.toPrecision(8)));

interface Difference {
  readonly has: string;
  readonly spec: string;
  /** The line of the spec that would agree. */
  readonly line: string;
}

/** How its lengths are stated. */
const lengthNames = {
  kaldi: { frameLength: "frameLengthMs", frameShift: "frameShiftMs" },
  stft: { frameLength: "fftSamples", frameShift: "hopSamples" },
} as const;

const describeNormalization = ({ mean, scale, perClip }: Normalization, to: number): string =>
  perClip ? "each clip's own mean and std" : `mean ${figure(mean)} and std ${figure(to / scale)}`;

const normalizationLine = ({ mean, scale, perClip }: Normalization, to: number): string => {
  if (perClip) return `normalize({ per: "clip", eps: ${perClip.eps} })`;
  const [meanFigure, std] = [figure(mean), figure(to / scale)];
  return `normalize({ mean: ${meanFigure}, std: ${std}, to: ${to} }) (in ast(): statistics: { mean: ${meanFigure}, std: ${std} }), or fromCheckpoint() in its place`;
};

const isSameNormalization = (a: Normalization, b: Normalization): boolean =>
  isClose(a.mean, b.mean) && isClose(a.scale, b.scale) && a.perClip?.eps === b.perClip?.eps;

const listDifferences = (
  features: NormalizedFeatures,
  sampleRateHz: number,
  source: SourceFeatures,
  to: number,
): readonly Difference[] => {
  const { stft = null } = source.filters;
  const step = stft ? "melSpectrogram" : "kaldiFbank";
  const theirs = normalizationOf(source);
  const ms = (samples: number): string => figure((1000 * samples) / sampleRateHz);
  const all: readonly (Difference & { readonly isSame: boolean })[] = [
    {
      isSame: isSameNormalization(theirs, features),
      has: describeNormalization(theirs, to),
      spec: describeNormalization(features, to),
      line: normalizationLine(theirs, to),
    },
    {
      isSame: source.bins === features.bins,
      has: `${source.bins} bins`,
      spec: `${features.bins}`,
      line: `${step}({ bins: ${source.bins} })`,
    },
    {
      isSame: source.sampleRateHz === sampleRateHz,
      has: `a sample rate of ${source.sampleRateHz} Hz`,
      spec: `${sampleRateHz} Hz`,
      line: `waveform({ sampleRateHz: ${source.sampleRateHz} })`,
    },
    // In samples they can only be compared at one rate.
    ...(["frameLength", "frameShift"] as const).map((name) => {
      const [own, spec] = [source[`${name}Samples`], features[`${name}Samples`]];
      const option = lengthNames[stft ? "stft" : "kaldi"][name];
      return {
        isSame: source.sampleRateHz !== sampleRateHz || own === spec,
        has: `a ${name === "frameLength" ? "frame length" : "frame shift"} of ${ms(own)} ms`,
        spec: `${ms(spec)} ms`,
        line: `${step}({ ${option}: ${stft ? own : ms(own)} })`,
      };
    }),
  ];
  const isSameRate = source.sampleRateHz === sampleRateHz;
  const steps = isSameRate ? stepDifferences(source.filters, filtersOf(features)) : [];
  return [
    ...all.filter(({ isSame }) => !isSame),
    ...steps.map(({ theirs: has, ours: spec }) => ({ has, spec, line: has })),
  ];
};

/** Reports what differs, unless the spec says that it may. The length may differ: positions are adapted to it. */
export const matchFeatures = (
  model: Model,
  step: Normalize,
  features: NormalizedFeatures,
  { features: source }: FeatureSource,
  report: Report,
): void => {
  if (!source || model.pretrained?.features === "own") return;
  const to = "to" in step ? (step.to ?? 1) : 1;
  for (const { has, spec, line } of listDifferences(features, model.input.sampleRateHz, source, to)) {
    report.add(
      "checkpoint-features",
      `the checkpoint was trained on features with ${has} (${source.file}), the spec's have ${spec}`,
      model.pretrained ?? step,
      undefined,
      `${line}; or checkpoint({ features: "own" }) to train on the spec's`,
    );
  }
};
