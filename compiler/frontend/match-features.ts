/** Whether a spec's features are those that its checkpoint was trained on: with others its parameters mean something else. */
import type { Normalize } from "../../spec/dsl/features.ts";
import type { Model } from "../../spec/dsl/model.ts";
import type { Filters } from "../weights/facts/geometry.ts";
import type { SourceFeatures } from "../weights/facts/source-facts.ts";
import type { NormalizedFeatures } from "../ir/normalized-spec.ts";
import type { Report } from "../diagnostics/report.ts";

/** A checkpoint, as far as features are concerned. */
export interface FeatureSource {
  readonly path: string;
  /** undefined: it does not tell. */
  readonly features: SourceFeatures | undefined;
}

type Normalization = Pick<NormalizedFeatures, "mean" | "scale">;

/** @returns the checkpoint's normalisation where the spec asks for it; undefined, and reported, where there is none */
export const resolveNormalization = (
  step: Normalize,
  source: FeatureSource | undefined,
  report: Report,
): Normalization | undefined => {
  if (!("from" in step)) return { mean: step.mean, scale: (step.to ?? 1) / step.std };
  if (source?.features) return source.features;
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

/** How a spec states it. */
const filterLine = (key: keyof Filters, value: Filters[keyof Filters]): string => {
  if (key === "removeMean") return value === true ? "removeMean()" : "no removeMean()";
  return `kaldiFbank({ ${key}: ${JSON.stringify(value)} })`;
};

const listFilterDifferences = (features: Filters, source: Partial<Filters>): readonly Difference[] =>
  (["removeMean", "window", "lowHz", "highHz", "preemphasis"] as const).flatMap((key) => {
    const own = source[key];
    if (own === undefined || own === features[key]) return [];
    return [{ has: filterLine(key, own), spec: filterLine(key, features[key]), line: filterLine(key, own) }];
  });

const listDifferences = (
  features: NormalizedFeatures,
  sampleRateHz: number,
  source: SourceFeatures,
  to: number,
): readonly Difference[] => {
  const statistics = ({ mean, scale }: Normalization): string => `mean ${figure(mean)} and std ${figure(to / scale)}`;
  const [mean, std] = [figure(source.mean), figure(to / source.scale)];
  const ms = (samples: number): string => figure((1000 * samples) / sampleRateHz);
  const all: readonly (Difference & { readonly isSame: boolean })[] = [
    {
      isSame: isClose(source.mean, features.mean) && isClose(source.scale, features.scale),
      has: statistics(source),
      spec: statistics(features),
      line: `normalize({ mean: ${mean}, std: ${std}, to: ${to} }) (in ast(): statistics: { mean: ${mean}, std: ${std} }), or fromCheckpoint() in its place`,
    },
    {
      isSame: source.bins === features.bins,
      has: `${source.bins} bins`,
      spec: `${features.bins}`,
      line: `kaldiFbank({ bins: ${source.bins} })`,
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
      return {
        isSame: source.sampleRateHz !== sampleRateHz || own === spec,
        has: `a ${name === "frameLength" ? "frame length" : "frame shift"} of ${ms(own)} ms`,
        spec: `${ms(spec)} ms`,
        line: `kaldiFbank({ ${name}Ms: ${ms(own)} })`,
      };
    }),
  ];
  const isSameRate = source.sampleRateHz === sampleRateHz;
  const filters = isSameRate ? listFilterDifferences(features, source.filters) : [];
  return [...all.filter(({ isSame }) => !isSame), ...filters];
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
  const to = "from" in step ? 1 : (step.to ?? 1);
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
