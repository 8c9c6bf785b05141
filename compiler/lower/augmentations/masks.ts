/** SpecAugment's masks: what the frames beyond a clip's end are, zeros before normalisation in the reference. */
import type { Dim } from "../../artifact/dim.ts";
import { checkNumbers, type Report } from "../../diagnostics/report.ts";
import type { Value } from "../../ir/graph.ts";
import { filledWith, type NormalizedFeatures } from "../../ir/normalized-spec.ts";
import type { Builder } from "../../ops/builder.ts";
import { progression } from "../../ops/progression.ts";
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
  if (widest === 1) {
    const message = `a mask of fewer than 1 ${property} masks nothing; expected 2 or more`;
    report.add("no-effect", message, mask, property);
  }
  const length = features?.[property];
  if (length === undefined || widest <= length) return;
  const message = `a mask of up to ${widest} ${property} does not fit a spectrogram of ${length} ${property}`;
  report.add("mask-fits-spectrogram", message, mask, property);
};

/** Of a stretch of each clip the first place, and the one after the last: [batch, 1, 1] both. */
interface Span {
  readonly first: () => Value;
  readonly end: () => Value;
}

const asBound = (b: Builder, values: Value): Value => {
  const [batch = "batch"] = values.type.shape;
  return b.reshape(values, { shape: [batch, 1, 1] });
};

/** [batch, 2] -> [batch, 1] */
const columnOf = (b: Builder, pairs: Value, index: number): Value =>
  b.slice(pairs, { starts: [index], ends: [index + 1], axes: [1] });

/** Of up to `widest` places of `within`. */
const drawSpan = (b: Builder, input: string, batch: Dim, widest: number, within: number): Span => {
  const mask = b.draw(input, { dtype: "float32", shape: [batch, 2] }, { kind: "span", widest, within });
  return { first: () => asBound(b, columnOf(b, mask, 0)), end: () => asBound(b, columnOf(b, mask, 1)) };
};

/** The same within each clip's own places, by the rule of the distribution `span`. @param own [batch, 1] */
const drawOwnSpan = (b: Builder, input: string, own: Value, widest: number): Span => {
  const [batch = "batch"] = own.type.shape;
  const shares = b.draw(input, { dtype: "float32", shape: [batch, 2] }, { kind: "uniform", from: 0, to: 1 });
  const most = b.where(b.less(own, b.scalar(widest)), own, b.scalar(widest));
  const length = b.mul(columnOf(b, shares, 0), most);
  const first = b.floor(b.mul(columnOf(b, shares, 1), b.sub(own, length)));
  return { first: () => asBound(b, first), end: () => asBound(b, b.add(first, b.floor(length))) };
};

/** Fills a stretch of places along an axis, clip by clip. */
const fillSpan = (b: Builder, signal: Value, axis: 1 | 2, span: Span, features: NormalizedFeatures): Value => {
  const within = signal.type.shape[axis] ?? 1;
  const places = progression(b, `augmentation/places.${axis}`, 0, 1, axis === 1 ? [within, 1] : [within]);
  const masked = b.where(b.less(places, span.end()), b.scalar(filledWith(features)), signal);
  return b.where(b.lessOrEqual(span.first(), places), masked, signal);
};

export const maskFrequency: AugmentationRow<MaskFrequency> = {
  on: "features",
  settle: (written, features, report) => {
    checkWidest(written, "bins", written.bins, features, report);
    return written;
  },
  words: ({ bins }) => `masks up to ${bins} bins`,
  lower: (b, { signal, ...rest }, { bins }, features) => {
    const [batch = "batch"] = signal.type.shape;
    const span = drawSpan(b, "frequency_mask", batch, bins, features.bins);
    return { ...rest, signal: fillSpan(b, signal, 2, span, features) };
  },
};

export const maskTime: AugmentationRow<MaskTime> = {
  on: "features",
  settle: (written, features, report) => {
    checkWidest(written, "frames", written.frames, features, report);
    return written;
  },
  words: ({ frames }) => `masks up to ${frames} frames`,
  lower: (b, { signal, ...rest }, { frames }, features) => {
    const [batch = "batch"] = signal.type.shape;
    const span = rest.ownFrames
      ? drawOwnSpan(b, "time_mask", rest.ownFrames, frames)
      : drawSpan(b, "time_mask", batch, frames, features.frames);
    return { ...rest, signal: fillSpan(b, signal, 1, span, features) };
  },
};
