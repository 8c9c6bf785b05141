/** The forms that answers are told in: one row each. */
import { formatFigure } from "../../compiler/artifact/format-number.ts";
import { formatTable } from "../../compiler/artifact/format-table.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { isHeardInPart } from "../audio/create-clip-survey.ts";
import type { SoundEvent, WindowScores } from "../evaluate/answers.ts";
import type { Score } from "../evaluate/rank-classes.ts";
import type { Classification } from "../library/model.ts";
import { csvRow } from "../text/csv.ts";
import { basename } from "node:path";
import type { ClipAnswer } from "./answer-output.ts";

type Span = Pick<WindowScores, "startSeconds" | "endSeconds" | "rejected">;

/** What is told of a sound that is rejected. */
const noneOfThese = "none of these";

/** An answer that is told, with the classes that are told of it. */
export type ToldAnswer = { readonly path: string } & (
  | Pick<ClipAnswer, "kind" | "heard">
  | { readonly kind: "window"; readonly window: Span; readonly scores: readonly Score[] }
  | { readonly kind: "event"; readonly event: SoundEvent }
);

/** What stands before an answer where it is told. */
export interface Position {
  /** How many classes of stretches. */
  readonly stretches: number;
  /** How long the recordings before its own are together. */
  readonly seconds: number;
  /** Whether it is the first of its recording. */
  readonly isFirst: boolean;
}

export interface FormatOptions {
  /** The model's. */
  readonly sampleRateHz: number;
  /** Whether several recordings are told of in one place. */
  readonly isCombined: boolean;
  /** Whether scores are calibrated. */
  readonly isCalibrated?: boolean | undefined;
}

/** A line of text, or an object that is printed as JSON on one. */
export type Line = string | object;

export interface AnswerFormat {
  /** What files of it are called. */
  readonly extension: string;
  /** Why it cannot tell of several recordings in one place, where it cannot. */
  readonly isOfOne?: string;
  /** Why it is written to files only, where it is. */
  readonly isBinary?: string;
  /** Whether a row says how long all recordings before its own are. */
  readonly countsSeconds?: boolean;
  readonly head?: (options: FormatOptions) => Line;
  readonly lines: (answer: ToldAnswer, position: Position, options: FormatOptions) => readonly Line[];
  /** What was wrong with a recording, where files of the format have a place for that. */
  readonly failure?: (path: string, message: string) => Line;
  /** Makes a file of this format of one with the lines. */
  readonly convert?: (lines: string, target: string) => Promise<void>;
  /** The lines that a file was made of by `convert`. */
  readonly readLines?: (path: string) => AsyncIterable<AnswerLine>;
}

/** A row of answers, and the recording that it is about. */
export interface AnswerLine {
  readonly clip: string;
  readonly line: string;
}

/** A class of a stretch, as formats with one row for each have it. */
type Stretch = Span & Score & { readonly path: string };

const stretchesOf = (answer: ToldAnswer): readonly Stretch[] => {
  const { path, kind } = answer;
  if (kind === "event") return [{ path, ...answer.event }];
  const [scores, span] =
    kind === "clip"
      ? [answer.heard.top, { startSeconds: 0, endSeconds: answer.heard.secondsHeard }]
      : [answer.scores, answer.window];
  const { startSeconds, endSeconds } = span;
  return scores.map((score) => ({ path, startSeconds, endSeconds, ...score }));
};

/** A format with a row for each class of a stretch. @param number of the row, from 1 */
const rows =
  (
    row: (stretch: Stretch, number: number, position: Position, options: FormatOptions) => Line,
  ): AnswerFormat["lines"] =>
  (answer, position, options) =>
    stretchesOf(answer).map((stretch, index) => row(stretch, position.stretches + index + 1, position, options));

const table: AnswerFormat = {
  extension: ".txt",
  lines: (answer, { isFirst }) => {
    const { path, kind } = answer;
    if (kind === "clip") {
      const { top, rejected } = answer.heard;
      const rows = top.map(({ label, score }) => [`  ${label}`, formatFigure(score)]);
      const scores = rejected === true ? `  ${noneOfThese}` : formatTable(rows);
      return [`${printable(path)} (${describeLength(answer.heard)})\n${scores}`];
    }
    const [scores, { startSeconds, endSeconds }] =
      kind === "event" ? [[answer.event], answer.event] : [answer.scores, answer.window];
    const times = [startSeconds, endSeconds].map((seconds) => seconds.toFixed(3).padStart(9));
    const isRejected = kind === "window" && answer.window.rejected === true;
    const heard = isRejected
      ? [noneOfThese]
      : scores.map(({ label, score }) => `${printable(label)} ${formatFigure(score)}`);
    return [...(isFirst ? [printable(path)] : []), [...times, "s", ...heard].join("  ")];
  },
};

/** How long a clip is, and how much of it the model has heard. */
const describeLength = ({ secondsHeard, secondsTotal }: Classification): string => {
  const heard = secondsHeard.toFixed(1);
  if (!isHeardInPart(secondsHeard, secondsTotal)) return `${heard} s`;
  return secondsTotal === undefined ? `its first ${heard} s heard` : `${heard} of ${secondsTotal.toFixed(1)} s heard`;
};

const json: AnswerFormat = {
  extension: ".jsonl",
  lines: (answer, _, { isCalibrated }) => {
    const { path: clip, kind } = answer;
    const told = isCalibrated === true ? { clip, calibrated: true } : { clip };
    if (kind === "event") return [{ ...told, ...answer.event }];
    const { rejected } = kind === "window" ? answer.window : answer.heard;
    const rejection = rejected === undefined ? {} : { rejected };
    if (kind === "window") {
      const { startSeconds, endSeconds } = answer.window;
      return [{ ...told, startSeconds, endSeconds, ...rejection, scores: answer.scores }];
    }
    const { secondsTotal, secondsHeard, top } = answer.heard;
    return [{ ...told, seconds: secondsTotal ?? null, heardSeconds: secondsHeard, ...rejection, scores: top }];
  },
  failure: (clip, error) => ({ clip, error }),
};

const csv: AnswerFormat = {
  extension: ".csv",
  head: () => csvRow(["clip", "start_seconds", "end_seconds", "label", "score"]),
  lines: rows(({ path, startSeconds, endSeconds, label, score }) =>
    csvRow([path, startSeconds, endSeconds, label, score]),
  ),
};

/** https://manual.audacityteam.org/man/importing_and_exporting_labels.html */
const audacity: AnswerFormat = {
  extension: ".txt",
  isOfOne: "a label track has no place for a recording's name",
  lines: rows(({ startSeconds, endSeconds, label }) =>
    [startSeconds.toFixed(6), endSeconds.toFixed(6), printable(label)].join("\t"),
  ),
};

const selectionColumns = [
  "Selection",
  "View",
  "Channel",
  "Begin Time (s)",
  "End Time (s)",
  "Low Freq (Hz)",
  "High Freq (Hz)",
] as const;
const fileColumns = ["Begin File", "Begin Path", "File Offset (s)"] as const;

/**
 * Raven's selection table. A selection is a rectangle: these have the whole band that the model hears. Of several sounds Raven makes
 * one, in which Begin Time and End Time count, and tells by Begin Path and File Offset where a selection begins in its own file.
 */
const raven: AnswerFormat = {
  extension: ".selections.txt",
  countsSeconds: true,
  head: ({ isCombined }) => [...selectionColumns, ...(isCombined ? fileColumns : []), "Annotation", "Score"].join("\t"),
  lines: rows(({ path, startSeconds, endSeconds, label, score }, number, { seconds }, { isCombined, sampleRateHz }) => {
    const times = [seconds + startSeconds, seconds + endSeconds].map((time) => time.toFixed(6));
    const selection = [number, "Spectrogram 1", 1, ...times, 0, sampleRateHz / 2];
    const file = isCombined ? [printable(basename(path)), printable(path), startSeconds.toFixed(6)] : [];
    return [...selection, ...file, printable(label), formatFigure(score)].join("\t");
  }),
};

/** While it is written, and as long as it could be gone on with, its rows are lines of JSON. */
const parquet: AnswerFormat = {
  extension: ".parquet",
  isBinary: "it is no text",
  lines: rows(({ path, startSeconds, endSeconds, label, score }) => [path, startSeconds, endSeconds, label, score]),
  convert: async (lines, target) => (await import("./parquet.ts")).writeParquet(lines, target),
  readLines: async function* (path) {
    yield* (await import("./parquet.ts")).readParquetLines(path);
  },
};

const formats = { table, json, csv, audacity, raven, parquet } as const satisfies Readonly<
  Record<string, AnswerFormat>
>;

export type Format = keyof typeof formats;
export const formatNames = Object.keys(formats) as [Format, ...Format[]];
export const formatOf = (name: Format): AnswerFormat => formats[name];
