/** What is heard in clips, windows or events, as `infer` prints it. */
import { formatFigure } from "../../compiler/artifact/format-number.ts";
import { formatTable } from "../../compiler/artifact/format-table.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { isHeardInPart } from "../audio/create-clip-survey.ts";
import type { WindowScores } from "../evaluate/classify-windows.ts";
import type { SoundEvent } from "../evaluate/find-events.ts";
import type { Score } from "../evaluate/rank-classes.ts";
import type { Classification } from "../library/model.ts";
import { csvRow } from "../text/csv.ts";
import type { UserError } from "../user-error.ts";
import { describeFailure } from "./describe-failure.ts";
import type { Output } from "./output.ts";

export const formats = ["table", "json", "csv", "audacity", "raven"] as const;
export type Format = (typeof formats)[number];

export interface AnswerPrinter {
  readonly clip: (path: string, heard: Classification) => void;
  readonly window: (path: string, window: Span, scores: readonly Score[]) => void;
  readonly event: (path: string, event: SoundEvent) => void;
  readonly failure: (path: string, error: UserError) => void;
}

type Span = Pick<WindowScores, "startSeconds" | "endSeconds">;

/** A format with a line for each class of a stretch. */
interface LineFormat {
  readonly head?: string;
  /** @param number of the line, from 1 */
  readonly line: (path: string, stretch: Span & Score, number: number) => string;
}

/** @param rateHz the model's */
const lineFormats = (rateHz: number): Readonly<Record<Exclude<Format, "table" | "json">, LineFormat>> => ({
  csv: {
    head: csvRow(["clip", "start_seconds", "end_seconds", "label", "score"]),
    line: (path, { startSeconds, endSeconds, label, score }) => csvRow([path, startSeconds, endSeconds, label, score]),
  },
  // https://manual.audacityteam.org/man/importing_and_exporting_labels.html
  audacity: {
    line: (_, { startSeconds, endSeconds, label }) =>
      [startSeconds.toFixed(6), endSeconds.toFixed(6), printable(label)].join("\t"),
  },
  // A selection of Raven is a rectangle: this one has the whole band that the model hears.
  raven: {
    head: [
      "Selection",
      "View",
      "Channel",
      "Begin Time (s)",
      "End Time (s)",
      "Low Freq (Hz)",
      "High Freq (Hz)",
      "Annotation",
      "Score",
    ].join("\t"),
    line: (_, { startSeconds, endSeconds, label, score }, number) =>
      [
        number,
        "Spectrogram 1",
        1,
        startSeconds.toFixed(6),
        endSeconds.toFixed(6),
        0,
        rateHz / 2,
        printable(label),
        formatFigure(score),
      ].join("\t"),
  },
});

/** @param rateHz the model's */
export const createAnswerPrinter = (format: Format, rateHz: number, output: Output): AnswerPrinter => {
  const failure: AnswerPrinter["failure"] = (path, error) => {
    output.json({ clip: path, error: describeFailure(error) });
    output.note(printable(describeFailure(error)));
  };
  return format === "table" || format === "json"
    ? { ...textOrJson(output), failure }
    : { ...lines(lineFormats(rateHz)[format], output), failure };
};

const lines = ({ head, line }: LineFormat, output: Output): Omit<AnswerPrinter, "failure"> => {
  if (head !== undefined) output.result(head);
  let printed = 0;
  const window: AnswerPrinter["window"] = (path, span, scores) => {
    for (const score of scores) {
      printed += 1;
      output.result(line(path, { ...span, ...score }, printed));
    }
  };
  return {
    clip: (path, { secondsHeard, top }) => window(path, { startSeconds: 0, endSeconds: secondsHeard }, top),
    window,
    event: (path, event) => window(path, event, [event]),
  };
};

/** Which of the two, the output knows. */
const textOrJson = (output: Output): Omit<AnswerPrinter, "failure"> => {
  let shown: string | undefined;
  const printRow = (path: string, { startSeconds, endSeconds }: Span, scores: readonly Score[]): void => {
    if (shown !== path) output.result(printable(path));
    shown = path;
    const times = [startSeconds, endSeconds].map((seconds) => seconds.toFixed(3).padStart(9));
    const heard = scores.map(({ label, score }) => `${printable(label)} ${formatFigure(score)}`);
    output.result([...times, "s", ...heard].join("  "));
  };
  return {
    clip: (path, heard) => {
      const { top, secondsHeard, secondsTotal } = heard;
      output.json({ clip: path, seconds: secondsTotal ?? null, heardSeconds: secondsHeard, scores: top });
      const table = formatTable(top.map(({ label, score }) => [`  ${label}`, formatFigure(score)]));
      output.result(`${printable(path)} (${describeLength(heard)})\n${table}`);
    },
    window: (path, window, scores) => {
      const { startSeconds, endSeconds } = window;
      output.json({ clip: path, startSeconds, endSeconds, scores });
      printRow(path, window, scores);
    },
    event: (path, event) => {
      output.json({ clip: path, ...event });
      printRow(path, event, [event]);
    },
  };
};

/** How long a clip is, and how much of it the model has heard. */
const describeLength = ({ secondsHeard, secondsTotal }: Classification): string => {
  const heard = secondsHeard.toFixed(1);
  if (!isHeardInPart(secondsHeard, secondsTotal)) return `${heard} s`;
  return secondsTotal === undefined ? `its first ${heard} s heard` : `${heard} of ${secondsTotal.toFixed(1)} s heard`;
};
