/** What is heard in clips, windows or events, as `infer` prints it. */
import { formatFigure } from "../../compiler/artifact/format-number.ts";
import { formatTable } from "../../compiler/artifact/format-table.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { isHeardInPart } from "../audio/create-clip-survey.ts";
import type { SoundEvent, WindowScores } from "../evaluate/answers.ts";
import { rankClasses, type Score } from "../evaluate/rank-classes.ts";
import type { Classification } from "../library/model.ts";
import type { Answer, AnswerOutput } from "../recordings/answer-output.ts";
import { csvRow } from "../text/csv.ts";
import { describeFailure } from "./describe-failure.ts";
import type { Output } from "./output.ts";

export const formats = ["table", "json", "csv", "audacity", "raven"] as const;
export type Format = (typeof formats)[number];

type Span = Pick<WindowScores, "startSeconds" | "endSeconds">;

/** What is printed of recordings; of each its windows or, where they are asked for, its events. */
export interface PrintOptions {
  readonly format: Format;
  /** What a line is about, of recordings that are gone through in windows. */
  readonly lines: "windows" | "events";
  /** How many classes a window has; 0: all. */
  readonly top: number;
  readonly classes: readonly string[];
  /** The model's. */
  readonly sampleRateHz: number;
}

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

export const createAnswerPrinter = (options: PrintOptions, output: Output): AnswerOutput => {
  const { format, lines, top, classes, sampleRateHz } = options;
  const print =
    format === "table" || format === "json" ? textOrJson(output) : rows(lineFormats(sampleRateHz)[format], output);
  const take = (answer: Answer): void => {
    const { path, kind } = answer;
    if (kind === "clip") print.clip(path, answer.heard);
    else if (kind === "window" && lines === "windows") {
      print.window(path, answer.window, rankClasses(answer.window.scores, classes, top));
    } else if (kind === "event" && lines === "events") print.event(path, answer.event);
    else if (kind === "failure") {
      const failure = describeFailure(answer.error);
      output.json({ clip: path, error: failure });
      output.note(printable(failure));
    }
  };
  return { take };
};

/** How one format prints. */
interface Print {
  readonly clip: (path: string, heard: Classification) => void;
  readonly window: (path: string, window: Span, scores: readonly Score[]) => void;
  readonly event: (path: string, event: SoundEvent) => void;
}

const rows = ({ head, line }: LineFormat, output: Output): Print => {
  if (head !== undefined) output.result(head);
  let printed = 0;
  const window: Print["window"] = (path, span, scores) => {
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
const textOrJson = (output: Output): Print => {
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
    window: (path, { startSeconds, endSeconds }, scores) => {
      output.json({ clip: path, startSeconds, endSeconds, scores });
      printRow(path, { startSeconds, endSeconds }, scores);
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
