/** Features as the lines of a spec that say them, to tell how a checkpoint's, or transformers', differ from a spec's. */
import { kaldiLog } from "../../ir/normalized-spec.ts";
import type { Filters } from "./geometry.ts";

/** Of transformers' `ASTFeatureExtractor`: whether the mean is removed first it leaves to whoever calls it. */
export const astFilters = (sampleRateHz: number): Omit<Filters, "removeMean"> => ({
  gain: 1,
  emphasis: null,
  window: "hanning",
  lowHz: 20,
  highHz: sampleRateHz / 2,
  preemphasis: 0.97,
  stft: null,
  compression: kaldiLog,
  perClip: null,
  fill: 0,
});

/** A step as it is written, such as `decibels({ topDb: 120 })`. */
const printStep = (kind: string, options: object): string => {
  const printed = Object.entries(options).map(([key, value]: [string, unknown]) => `${key}: ${JSON.stringify(value)}`);
  return `${kind}({ ${printed.join(", ")} })`;
};

const printCompression = ({ kind, ...options }: Filters["compression"]): string => printStep(kind, options);

const printEmphasis = (emphasis: Filters["emphasis"]): string =>
  emphasis ? `preemphasis(${emphasis.coefficient}, { first: "${emphasis.first}" })` : "no preemphasis()";

/** What has one line of its own. */
const printLines = ({ removeMean, gain, emphasis, compression, fill }: Filters) => ({
  removeMean: removeMean ? "removeMean()" : "no removeMean()",
  gain: gain === 1 ? "no gain()" : `gain(${gain})`,
  emphasis: printEmphasis(emphasis),
  compression: printCompression(compression),
  fill: `fill: ${fill}`,
});

export interface StepDifference {
  readonly theirs: string;
  readonly ours: string;
}

const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);

/** What the filter banks, of one kind both, are made with. */
const bankDifferences = (theirs: Partial<Filters>, ours: Filters): readonly StepDifference[] => {
  const kind = ours.stft ? "melSpectrogram" : "kaldiFbank";
  const flatten = ({ window, lowHz, highHz, preemphasis, stft }: Partial<Filters>): Readonly<Record<string, unknown>> =>
    stft ? { window, lowHz, highHz, ...stft } : { window, lowHz, highHz, preemphasis };
  const [own, others] = [flatten(ours), flatten(theirs)];
  return Object.keys(own)
    .filter((key) => others[key] !== undefined && differ(others[key], own[key]))
    .map((key) => ({ theirs: printStep(kind, { [key]: others[key] }), ours: printStep(kind, { [key]: own[key] }) }));
};

/** @param theirs as far as they are told, of the same sample rate */
export const stepDifferences = (theirs: Partial<Filters>, ours: Filters): readonly StepDifference[] => {
  const [lines, others] = [printLines(ours), printLines({ ...ours, ...theirs })];
  const line = (key: keyof typeof lines): readonly StepDifference[] =>
    lines[key] === others[key] ? [] : [{ theirs: others[key], ours: lines[key] }];
  const bankOf = ({ stft }: Pick<Filters, "stft">): string =>
    stft ? "melSpectrogram()" : "kaldiFbank() or kaldiMel()";
  const { stft } = theirs;
  const isOtherBank = stft !== undefined && (stft === null) !== (ours.stft === null);
  const bank = isOtherBank ? [{ theirs: bankOf({ stft }), ours: bankOf(ours) }] : bankDifferences(theirs, ours);
  return [
    ...line("removeMean"),
    ...line("gain"),
    ...line("emphasis"),
    ...bank,
    ...line("compression"),
    ...line("fill"),
  ];
};
