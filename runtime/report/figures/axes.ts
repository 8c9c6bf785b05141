/** Axes of time and of frequency. */
import { niceTicks } from "./nice-ticks.ts";

export interface Tick {
  /** From 0, where the axis begins, to 1. */
  readonly place: number;
  readonly label: string;
}

/** Steps between an axis' times, in seconds; below the first, decimals will do. */
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

const clock = (seconds: number, isLong: boolean): string => {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60)];
  const two = (number: number): string => String(number).padStart(2, "0");
  return isLong ? `${hours}:${two(minutes % 60)}` : `${minutes}:${two(seconds % 60)}`;
};

/** An axis of time, and its unit. @param most numbers that there is room for */
export const timeAxis = (seconds: number, most: number): { readonly unit: string; readonly ticks: readonly Tick[] } => {
  const step = steps.find((each) => seconds / each <= most) ?? Math.ceil(seconds / most / 86_400) * 86_400;
  const asTick = (at: number, label: string): Tick => ({ place: at / seconds, label });
  if (seconds <= 60) return { unit: "s", ticks: niceTicks(0, seconds, most).map((at) => asTick(at, String(at))) };
  const times = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
  const isLong = seconds >= 7200;
  return { unit: isLong ? "h:min" : "min:s", ticks: times.map((at) => asTick(at, clock(at, isLong))) };
};

/** Octaves; those are told that have room. */
const tellingHz = [250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000];
/** Of the axis between two numbers. */
const leastApart = 0.075;

/**
 * An axis of mel bins in Hz, low ones first.
 * @param binsHz where each bin's filter is highest, rising; each bin takes as much room
 */
export const frequencyAxis = (binsHz: readonly number[]): readonly Tick[] => {
  const placeOf = (hz: number): number | undefined => {
    const above = binsHz.findIndex((each) => each >= hz);
    const [low, high] = [binsHz[above - 1], binsHz[above]];
    if (low === undefined || high === undefined) return undefined;
    return (above - 0.5 + (hz - low) / (high - low)) / binsHz.length;
  };
  const ticks: Tick[] = [];
  for (const hz of tellingHz) {
    const place = placeOf(hz);
    if (place === undefined || place - (ticks.at(-1)?.place ?? -1) < leastApart) continue;
    ticks.push({ place, label: hz >= 1000 ? `${hz / 1000}k` : String(hz) });
  }
  return ticks.length > 1 ? ticks : ends(binsHz);
};

/** Of a band within an octave. */
const ends = (binsHz: readonly number[]): readonly Tick[] =>
  [0, binsHz.length - 1].map((bin) => ({
    place: (bin + 0.5) / binsHz.length,
    label: String(Math.round(binsHz[bin] ?? 0)),
  }));
