/** For the commands that go through sound in windows. */
import { UserError } from "../user-error.ts";
import type { OptionTable, OptionValues } from "./options.ts";

export const defaultTop = 5;

export const windowOptions = {
  top: {
    kind: "integer",
    value: "N",
    least: 0,
    help: `classes to print per clip or window; 0 prints all (default: ${defaultTop})`,
  },
  window: { kind: "positive", value: "SECONDS", help: "go through whole recordings, in windows of this length" },
  hop: {
    kind: "positive",
    value: "SECONDS",
    help: "from the start of a window to that of the next (default: the window)",
  },
  smooth: {
    kind: "integer",
    value: "N",
    least: 1,
    help: "take the median of each class's scores over N windows, an odd number, before thresholds",
  },
  batch: {
    kind: "integer",
    value: "N",
    least: 1,
    help: "clips or windows computed at once (default: as many as take 256 MB)",
  },
  threshold: {
    kind: "threshold",
    value: "SCORE",
    help: "print events, where a class has this score or a higher one, instead of windows; best: each class's own",
  },
  reject: {
    kind: "rate",
    value: "RATE",
    help: "answer 'none of these' by the graph's set point of this rate, such as 0.05 (eval --calibrate)",
  },
  merge: { kind: "flag", help: "make one event of windows in a row, or that overlap, which hear the same class" },
  "min-seconds": { kind: "positive", value: "SECONDS", help: "leave out events that are shorter" },
} as const satisfies OptionTable;

/** @throws UserError where what is asked of events or windows contradicts itself */
export const requireEventAgreement = (values: OptionValues<typeof windowOptions>): void => {
  const { threshold, smooth, top } = values;
  const refuse = (sentence: string): never => {
    throw new UserError("usage", {}, sentence);
  };
  if (smooth !== undefined && smooth % 2 === 0) refuse(`--smooth is an odd number of windows, not ${smooth}`);
  if (threshold === undefined) {
    for (const name of ["merge", "min-seconds"] as const) {
      if (values[name] !== undefined) refuse(`--${name} needs --threshold: it is about events, of a score that high`);
    }
  } else {
    if (top !== undefined) refuse("--top and --threshold exclude each other: events are of all classes that reach it");
  }
};
