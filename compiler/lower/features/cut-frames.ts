/** A clip as overlapping frames. */
import { type Dim, product, sum } from "../../artifact/dim.ts";
import { onnxTypeNumbers } from "../../artifact/element-types.ts";
import { framesOf, type NormalizedFeatures } from "../../ir/normalized-spec.ts";
import type { Value } from "../../ir/graph.ts";
import type { Builder } from "../../ops/builder.ts";
import { progression } from "../../ops/progression.ts";
import { fitLength } from "./fit-length.ts";
import { periodicWindow, windowFunction } from "./mel-filters.ts";

/** What of a frame the Fourier transform is given, and its window. */
export interface Windowed {
  readonly window: Float64Array;
  /** The first frame's first sample: before the clip's where frames have their middles at whole steps. */
  readonly first: number;
}

/** A window lies in the middle of the transform, whose other samples count nothing; where they lie in the clip they are not cut out at all. */
export const windowOf = ({ frameLengthSamples, window: name, stft }: NormalizedFeatures): Windowed => {
  if (!stft) return { window: windowFunction(name, frameLengthSamples), first: 0 };
  const { windowSamples, periodic, centered } = stft;
  const window = periodic ? periodicWindow(name, windowSamples) : windowFunction(name, windowSamples);
  const before = Math.floor((frameLengthSamples - windowSamples) / 2);
  if (centered) return { window, first: before - frameLengthSamples / 2 };
  const whole = new Float64Array(frameLengthSamples);
  whole.set(window, before);
  return { window: whole, first: 0 };
};

/** A frame is put together of parts as long as the frames' distance. */
const hopsIn = (length: number, { frameShiftSamples }: NormalizedFeatures): number =>
  Math.ceil(length / frameShiftSamples);

/** Samples from a clip's start that the frames are cut from. */
export const samplesInReach = (features: NormalizedFeatures): Dim =>
  product([sum([framesOf(features), hopsIn(features.frameLengthSamples, features) - 1]), features.frameShiftSamples]);

/**
 * Which sample stands at each place from `first` on, in rows of a frame shift: [batch, rows, shift]. A clip's are mirrored at its first and
 * its last, m: place j holds sample m - |m - |j||. In float32, which holds them exactly; what lies further is of no frame that is kept.
 * @param lengths the clips', [batch, 1], without the samples that are `dropped` at their start
 */
const mirroredPlaces = (
  b: Builder,
  lengths: Value,
  grid: { readonly first: number; readonly dropped: number; readonly rows: Dim; readonly shift: number },
): Value => {
  const { first, dropped, rows, shift } = grid;
  const [batch = "batch"] = lengths.type.shape;
  const rowStarts = progression(b, "fbank/row-starts", first, shift, [rows, 1]);
  const places = b.add(rowStarts, progression(b, "fbank/places", 0, 1, [shift]));
  const last = b.reshape(b.sub(lengths, b.scalar(1)), { shape: [batch, 1, 1] });
  const mirrored = b.clip(b.sub(last, b.abs(b.sub(last, b.abs(places)))), b.scalar(0));
  const kept = dropped === 0 ? mirrored : b.add(mirrored, b.scalar(dropped));
  return b.cast(kept, { to: onnxTypeNumbers.int32 });
};

/**
 * [batch, samples] -> [batch, frames, length], absent samples as zero.
 * @param lengths the clips', float32 [batch, 1], without a first sample that is dropped
 */
export const cutFrames = (
  b: Builder,
  samples: Value,
  lengths: Value,
  { window: { length }, first }: Windowed,
  features: NormalizedFeatures,
): Value => {
  const { frameShiftSamples: shift, stft, emphasis } = features;
  const [batch = "batch"] = samples.type.shape;
  const frames = framesOf(features);
  const hops = hopsIn(length, features);
  const rows = sum([frames, hops - 1]);
  const whole = product([rows, shift]);
  const dropped = emphasis?.first === "dropped" ? 1 : 0;
  const reflect = (): Value => {
    const places = mirroredPlaces(b, lengths, { first, dropped, rows, shift });
    return b.gatherElements(samples, b.reshape(places, { shape: [batch, whole] }), { axis: 1 });
  };
  const fit = (): Value => {
    const length = sum([dropped, whole]);
    const fitted = fitLength(b, samples, length, b.scalar(0));
    return dropped === 0 ? fitted : b.slice(fitted, { starts: [dropped], ends: [length], axes: [1] });
  };
  const exact = stft?.centered ? reflect() : fit();
  const grid = b.reshape(exact, { shape: [batch, rows, shift] });
  const parts = Array.from({ length: hops }, (_, hop) => {
    const width = Math.min(shift, length - hop * shift);
    return b.slice(grid, { starts: [hop, 0], ends: [sum([frames, hop]), width], axes: [1, 2] });
  });
  return parts.length === 1 && parts[0] ? parts[0] : b.concat(parts, { axis: 2 });
};
