/** SpecAugment's masks. The reference's are zeros before normalisation, so here they are what zero is normalised to. */
import { checkNumbers, type Report } from "../../diagnostics/report.ts";
import type { Value } from "../../ir/graph.ts";
import type { NormalizedFeatures } from "../../ir/normalized-spec.ts";
import type { Builder } from "../../ops/builder.ts";
import type { MaskFrequency, MaskTime } from "../../../spec/dsl/augmentation.ts";
import type { AugmentationRow } from "./augmentation.ts";

const checkWidest = (
  mask: MaskFrequency | MaskTime,
  property: "bins" | "frames",
  widest: number,
  features: NormalizedFeatures | undefined,
  report: Report,
): void => {
  if (!checkNumbers(report, mask, { [property]: "a whole number of at least 1" })) return;
  const length = features?.[property];
  if (length === undefined || widest <= length) return;
  const message = `a mask of up to ${widest} ${property} does not fit a spectrogram of ${length} ${property}`;
  report.add("mask-fits-spectrogram", message, mask, property);
};

/** Fills a stretch of up to `widest` places along an axis, clip by clip. */
const fillSpan = (
  b: Builder,
  signal: Value,
  { input, axis, widest }: { readonly input: string; readonly axis: 1 | 2; readonly widest: number },
  { mean, scale }: NormalizedFeatures,
): Value => {
  const [batch = "batch"] = signal.type.shape;
  const within = Number(signal.type.shape[axis]);
  const mask = b.draw(input, { dtype: "float32", shape: [batch, 2] }, { kind: "span", widest, within });
  const bound = (index: number): Value =>
    b.reshape(b.slice(mask, { starts: [index], ends: [index + 1], axes: [1] }), { shape: [batch, 1, 1] });
  const places = b.constant(
    `augmentation/places.${axis}`,
    axis === 1 ? [within, 1] : [within],
    Float32Array.from({ length: within }, (_, place) => place),
  );
  const masked = b.where(b.less(places, bound(1)), b.scalar(-mean * scale), signal);
  return b.where(b.lessOrEqual(bound(0), places), masked, signal);
};

export const maskFrequency: AugmentationRow<MaskFrequency> = {
  on: "features",
  settle: (written, features, report) => {
    checkWidest(written, "bins", written.bins, features, report);
    return written;
  },
  words: ({ bins }) => `masks up to ${bins} bins`,
  lower: (b, { signal, targets }, { bins: widest }, features) => ({
    signal: fillSpan(b, signal, { input: "frequency_mask", axis: 2, widest }, features),
    targets,
  }),
};

export const maskTime: AugmentationRow<MaskTime> = {
  on: "features",
  settle: (written, features, report) => {
    checkWidest(written, "frames", written.frames, features, report);
    return written;
  },
  words: ({ frames }) => `masks up to ${frames} frames`,
  lower: (b, { signal, targets }, { frames: widest }, features) => ({
    signal: fillSpan(b, signal, { input: "time_mask", axis: 1, widest }, features),
    targets,
  }),
};
