/** The parts of a job that was divided into shards as one file: the same, byte for byte, as if it had not been divided. */
import { createReadStream, existsSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { plural } from "../../compiler/artifact/plural.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { readFailure } from "../files/read-failure.ts";
import { replaceFile } from "../files/temporary-file.ts";
import { writeFailure } from "../files/write-failure.ts";
import { UserError } from "../user-error.ts";
import { existing, jobFileOf, partialOf } from "./answer-files.ts";
import { type AnswerLine, type Format, formatNames, formatOf } from "./formats.ts";
import { differencesOf, type DoneRecording, type JobFacts, type JobRecord, readJob } from "./job.ts";
import { parseShard, type Shard } from "./shard.ts";

const changed = (path: string): UserError =>
  new UserError(
    "part-changed",
    { path },
    "this is not what was written; delete it and its record, and give its command again",
  );

interface Part {
  readonly path: string;
  readonly shard: Shard;
  readonly format: Format;
  /** Of the whole job. */
  readonly facts: JobFacts;
  readonly done: JobRecord["done"];
}

export interface Merged {
  readonly recordings: number;
  /** Recordings that could not be heard, or not to the end, with what was wrong. */
  readonly failed: readonly Pick<DoneRecording, "clip" | "failures">[];
}

const isFormat = (name: unknown): name is Format => formatNames.some((known) => known === name);

const readPart = (path: string): Part => {
  const record = readJob(jobFileOf({ target: path, isFolder: false }));
  const { shard: text, clips, format, ...facts } = record?.facts ?? {};
  const shard = typeof text === "string" ? parseShard(text) : undefined;
  if (!record || !shard || !isFormat(format)) {
    throw new UserError(
      "part-unknown",
      { path },
      "no part of a job: there is no record of one beside it, which tells of a shard",
    );
  }
  if (record.done.size !== clips || existsSync(partialOf(path))) {
    const sentence = `part ${text} is not done; give its command again (${record.done.size} of ${String(clips)} recordings are)`;
    throw new UserError("part-unfinished", { path, shard: text }, sentence);
  }
  const written = [...record.done.values()].at(-1)?.written ?? 0;
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined || (!formatOf(format).convert && size !== written)) throw changed(path);
  return { path, shard, format, facts: { ...facts, format }, done: record.done };
};

/** @returns all parts of one job, in their order @throws UserError where they are not */
const inOrder = (parts: readonly Part[]): readonly Part[] => {
  const [first, ...others] = [...parts].sort((a, b) => a.shard.index - b.shard.index);
  if (!first) throw new Error("there are no parts");
  const { count } = first.shard;
  for (const part of others) {
    const facts = { ...part.facts, parts: part.shard.count };
    const { changed, inWords } = differencesOf({ ...first.facts, parts: count }, facts);
    if (changed.length > 0) {
      throw new UserError(
        "parts-differ",
        { path: part.path, other: first.path, changed },
        `this is of another job than ${printable(first.path)}: ${inWords}`,
      );
    }
  }
  const sorted = [first, ...others];
  const twice = sorted.find(({ shard }, index) => sorted[index + 1]?.shard.index === shard.index);
  if (twice) {
    const other = sorted[sorted.indexOf(twice) + 1]?.path ?? "";
    const sentence = `this is part ${twice.shard.index} of ${count}, and so is ${printable(other)}`;
    throw new UserError("part-twice", { path: twice.path, other }, sentence);
  }
  const indices = new Set(sorted.map(({ shard }) => shard.index));
  const missing = Array.from({ length: count }, (_, index) => index + 1).filter((index) => !indices.has(index));
  if (missing.length > 0) {
    const named = missing.slice(0, 10).join(", ");
    const more = missing.length > 10 ? ` and ${missing.length - 10} more` : "";
    throw new UserError(
      "parts-missing",
      { missing },
      `of ${count} parts ${missing.length} ${plural(missing.length, "is", "are")} missing: ${named}${more}`,
    );
  }
  return sorted;
};

const bufferBytes = 1 << 20;

/** The names of the recordings that a part's rows are about, row by row. */
function* namesOfRows({ done }: Part): Generator<string, undefined, undefined> {
  let told = 0;
  for (const { clip, stretches } of done.values()) for (; told < stretches; told++) yield clip;
}

/** A path on whatever system, as names have it. */
const slashed = (path: string): string => path.replace(/^([A-Za-z]):/, "$1").replaceAll("\\", "/");

/** Whether a path, as rows have it, is that of a recording of this name. */
const isNamed = (path: string, name: string | undefined): boolean =>
  name !== undefined && `/${slashed(path)}`.endsWith(`/${slashed(name).replaceAll("../", "")}`);

/** In pieces. @throws UserError where a part has other rows than its record tells of */
async function* linesOf(
  parts: readonly Part[],
  read: (path: string) => AsyncIterable<AnswerLine>,
): AsyncGenerator<string, void, undefined> {
  let piece = "";
  for (const part of parts) {
    const { path } = part;
    const names = namesOfRows(part);
    try {
      for await (const { clip, line } of read(path)) {
        if (!isNamed(clip, names.next().value)) throw changed(path);
        piece += `${line}\n`;
        if (piece.length < bufferBytes) continue;
        yield piece;
        piece = "";
      }
      if (names.next().done !== true) throw changed(path);
    } catch (error) {
      if (error instanceof UserError) throw error;
      const failure = readFailure(path, error);
      throw failure === error ? changed(path) : failure;
    }
  }
  yield piece;
}

/** Of a part that does not begin the file, what follows its first line, where that is a head. */
async function* textOf(parts: readonly Part[], hasHead: boolean): AsyncGenerator<Uint8Array, void, undefined> {
  let isBegun = false;
  for (const { path } of parts) {
    let isPast = !(hasHead && isBegun);
    for await (const piece of createReadStream(path, { highWaterMark: bufferBytes })) {
      const bytes = piece as Uint8Array;
      isBegun = true;
      const end = isPast ? -1 : bytes.indexOf(0x0a);
      if (isPast || end >= 0) yield bytes.subarray(end + 1);
      isPast ||= end >= 0;
    }
  }
}

const writeAll = (target: string, pieces: AsyncIterable<Uint8Array | string>): Promise<void> =>
  replaceFile(target, async ({ file }) => {
    for await (const piece of pieces) await file.appendFile(piece);
  });

/**
 * Writes one file of all parts of a job, which may be given in any order.
 * @throws UserError where they are not all of one job, or one is not done, or something is at `target`
 */
export const mergeParts = async (paths: readonly string[], target: string): Promise<Merged> => {
  const parts = inOrder(paths.map(readPart));
  if (existsSync(target)) throw existing(target);
  const { convert, readLines, head } = formatOf(parts[0]?.format ?? "json");
  try {
    if (convert && readLines) {
      const rows = `${target}.rows`;
      try {
        await writeAll(rows, linesOf(parts, readLines));
        await convert(rows, target);
      } finally {
        await rm(rows, { force: true });
      }
    } else await writeAll(target, textOf(parts, head !== undefined));
  } catch (error) {
    throw writeFailure(target, error);
  }
  const done = parts.flatMap((part) => [...part.done.values()]);
  return { recordings: done.length, failed: done.filter(({ failures }) => failures.length > 0) };
};
