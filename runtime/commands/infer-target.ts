/** Where `infer` puts answers, and in which form. */
import { extname } from "node:path";
import { digestOfFile, type JobFacts } from "../recordings/job.ts";
import { type AnswerFiles, isFolderPath, isJobBegun, openAnswerFiles } from "../recordings/answer-files.ts";
import type { AnswerOutput } from "../recordings/answer-output.ts";
import { type Format, formatNames, formatOf } from "../recordings/formats.ts";
import { type ListedRecordings, requireOutside } from "../recordings/list-recordings.ts";
import type { TellingOptions } from "../recordings/telling.ts";
import { UserError } from "../user-error.ts";
import type { OptionTable, OptionValues } from "./options.ts";
import type { Output } from "./output.ts";
import { createAnswerPrinter } from "./print-answers.ts";

export const targetOptions = {
  format: {
    kind: "choice",
    value: "NAME",
    choices: formatNames,
    help: "table, json, csv, audacity (label track), raven (selection table) or parquet (default: as --out is called, or table)",
  },
  out: {
    kind: "text",
    value: "PATH",
    help: "a file to write; or a folder that gets a file of each recording: it is there, or PATH ends in /",
  },
  cut: { kind: "text", value: "FOLDER", help: "write each event as a WAV file of its own, to be listened to" },
  pad: { kind: "positive", value: "SECONDS", help: "what --cut adds before and after each event" },
} as const satisfies OptionTable;

export interface Target {
  /** undefined: stdout */
  readonly out: string | undefined;
  /** Whether each recording gets a file of its own, in the folder `out`. */
  readonly isFolder: boolean;
  readonly format: Format;
}

/** What the format is that a file's name means; the first that fits counts. */
const formatsByEnding: readonly (readonly [ending: string, Format])[] = [
  [".csv", "csv"],
  [".json", "json"],
  [".jsonl", "json"],
  [".parquet", "parquet"],
  [".selections.txt", "raven"],
  [".txt", "table"],
];

/** @throws UserError where the name ends as if it meant a format, and means none */
const formatByName = (path: string): Format | undefined => {
  const named = formatsByEnding.find(([ending]) => path.toLowerCase().endsWith(ending));
  const ending = extname(path);
  if (named || ending === "") return named?.[1];
  const endings = formatsByEnding.map(([known]) => known);
  const sentence = `--out ${path}: ${ending} is no format's; expected ${endings.slice(0, -1).join(", ")} or ${endings.at(-1)}, or a --format`;
  throw new UserError("usage", {}, sentence);
};

/**
 * @param values what was given
 * @param listed what is listened to
 * @throws UserError where the form cannot tell what is asked
 */
export const targetOf = async (
  { out, format, json }: OptionValues<typeof targetOptions> & { readonly json?: true | undefined },
  { recordings }: ListedRecordings,
): Promise<Target> => {
  const refuse = (sentence: string): never => {
    throw new UserError("usage", {}, sentence);
  };
  if (out === undefined && json === true && format !== undefined && format !== "json") {
    refuse(`--json and --format ${format} contradict each other; leave one of them out`);
  }
  const isFolder = out !== undefined && (await isFolderPath(out));
  const called = (): Format | undefined => (isFolder || out === undefined ? undefined : formatByName(out));
  const chosen = format ?? called() ?? (out === undefined && json === true ? "json" : "table");
  const { isOfOne, isBinary } = formatOf(chosen);
  if (out === undefined && isBinary !== undefined) refuse(`--format ${chosen} needs --out: ${isBinary}`);
  if (!isFolder && isOfOne !== undefined && recordings.length > 1) {
    refuse(
      `--format ${chosen} is about one recording, and there are ${recordings.length}: ${isOfOne}; --out FOLDER/ gets a file of each`,
    );
  }
  return { out, isFolder, format: chosen };
};

export interface AnswersOptions extends Omit<TellingOptions, "isCombined" | "format"> {
  readonly target: Target;
  readonly listed: ListedRecordings;
  readonly graph: string;
  /** What answers depend on besides: options, by name, and what was chosen by itself. */
  readonly asked: JobFacts;
}

/**
 * What cuts events, where that is asked for.
 * @throws UserError where it would write over files, or among those that are listened to
 */
export const openCutter = async (
  { cut: folder, pad: padSeconds = 0 }: OptionValues<typeof targetOptions>,
  { out, isFolder }: Target,
  listed: ListedRecordings,
): Promise<readonly AnswerOutput[]> => {
  if (folder === undefined) return [];
  const { createEventCutter, requireEmptyFolder } = await import("../recordings/cut-events.ts");
  await requireOutside(folder, listed);
  // A job that is begun goes on with what it has cut.
  if (out === undefined || !isJobBegun({ target: out, isFolder })) requireEmptyFolder(folder);
  return [createEventCutter({ folder, padSeconds, recordings: listed.recordings })];
};

/** Answers, printed as they come, or in files, which may be begun. */
export const openAnswers = async (
  { target: { out, isFolder, format }, listed: { recordings, root }, graph, asked, ...telling }: AnswersOptions,
  output: Output,
): Promise<AnswerOutput | AnswerFiles> => {
  if (out === undefined) return createAnswerPrinter({ ...telling, format, isCombined: recordings.length > 1 }, output);
  const facts = { graph: await digestOfFile(graph), ...asked, format, root: isFolder ? root : null };
  return openAnswerFiles({ ...telling, format, target: out, isFolder, recordings, facts });
};
