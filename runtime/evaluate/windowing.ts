/** Which windows a model can go through recordings in. */
import { windowSamples } from "../audio/windows.ts";
import { UserError } from "../user-error.ts";

/** How windows lie in a recording. */
export interface Windowing {
  readonly windowSeconds: number;
  /** From the start of a window to that of the next. */
  readonly hopSeconds: number;
}

/** What a model hears at once. */
interface Hearing {
  readonly sampleRateHz: number;
  readonly leastSeconds: number;
  readonly mostSeconds: number;
}

/** @throws UserError where the model cannot hear such windows, or they would leave gaps */
export const requireWindowing = (
  { sampleRateHz, leastSeconds: least, mostSeconds: most }: Hearing,
  { windowSeconds, hopSeconds }: Windowing,
): void => {
  const samples = windowSamples({ windowSeconds, sampleRateHz });
  const window = { option: "windowSeconds", seconds: windowSeconds };
  const hop = { option: "hopSeconds", seconds: hopSeconds };
  if (samples > Math.round(most * sampleRateHz)) {
    throw new UserError(
      "window-too-long",
      { ...window, most },
      `is ${windowSeconds} s, and the model hears ${most} s at a time; expected that or less`,
    );
  }
  if (samples < Math.round(least * sampleRateHz)) {
    throw new UserError(
      "window-too-short",
      { ...window, least },
      `is ${windowSeconds} s, and a frame of the model takes ${least} s; expected that or more`,
    );
  }
  if (hopSeconds > windowSeconds) {
    throw new UserError(
      "hop-too-long",
      { ...hop, most: windowSeconds },
      `is ${hopSeconds} s, and what lies between windows of ${windowSeconds} s would not be heard; expected that or less`,
    );
  }
  if (hopSeconds * sampleRateHz < 1) {
    throw new UserError(
      "hop-too-short",
      { ...hop, least: 1 / sampleRateHz },
      `is ${hopSeconds} s, less than a sample of the model; expected ${1 / sampleRateHz} s or more`,
    );
  }
};
