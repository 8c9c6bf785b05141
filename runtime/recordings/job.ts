/**
 * A job's record: what is asked of recordings, and which of them are done, so that the same command goes on where it was stopped.
 * JSON lines: the first says what is asked, each other what has become of a recording, once its answers are on the disk.
 */
import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import * as v from "valibot";
import { version } from "../../compiler/artifact/version.ts";
import { readFailure } from "../files/read-failure.ts";
import { writeFailure } from "../files/write-failure.ts";
import { UserError } from "../user-error.ts";
import type { Recording } from "./list-recordings.ts";

const factSchema = v.nullable(v.union([v.string(), v.number(), v.boolean()]));
const headSchema = v.object({ specgraph: v.string(), job: v.record(v.string(), factSchema) });
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const doneSchema = v.object({
  clip: v.string(),
  /** The file's own, by which one that has changed is told. */
  bytes: v.nullable(count),
  modified: v.nullable(v.number()),
  /** Of all that are done: what the file of answers holds, how many classes of stretches, how long the recordings are. */
  written: count,
  stretches: count,
  seconds: v.number(),
  failures: v.array(v.string()),
});

/** What is asked, by name: all that answers depend on. */
export type JobFacts = Readonly<Record<string, v.InferOutput<typeof factSchema>>>;
/** A recording that is done. */
export type DoneRecording = Readonly<v.InferOutput<typeof doneSchema>>;

export interface Job {
  /** In the order in which they were done; of one that was heard again the last. */
  readonly done: ReadonlyMap<string, DoneRecording>;
  /** Adds what is done, on the disk when this returns. */
  readonly add: (done: readonly DoneRecording[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The SHA-256 of a file, in hexadecimal. @throws UserError where it cannot be read */
export const digestOfFile = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  try {
    for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  } catch (error) {
    throw readFailure(path, error);
  }
  return hash.digest("hex");
};

/** The size of a recording's file, and when it was changed; nothing of one that is not there. */
export const stateOf = async ({
  path,
}: Pick<Recording, "path">): Promise<Pick<DoneRecording, "bytes" | "modified">> => {
  const found = await stat(path).catch(() => undefined);
  return { bytes: found?.size ?? null, modified: found?.mtimeMs ?? null };
};

const parse = <Line>(schema: v.GenericSchema<unknown, Line>, line: string): Line | undefined => {
  try {
    return v.parse(schema, JSON.parse(line));
  } catch {
    return undefined;
  }
};

const foreign = (path: string): UserError =>
  new UserError("job-malformed", { path }, "this is no record of what is done; expected one that this version wrote");

/** What two jobs differ in: the names, and all of it in words. */
export const differencesOf = (
  then: JobFacts,
  now: JobFacts,
): { readonly changed: readonly string[]; readonly inWords: string } => {
  const names = [...new Set([...Object.keys(then), ...Object.keys(now)])];
  const changed = names.filter((name) => (then[name] ?? null) !== (now[name] ?? null));
  const show = (facts: JobFacts, name: string): string => String(facts[name] ?? "none");
  const inWords = changed.map((name) =>
    name === "graph" || name === "list"
      ? `the ${name} is another`
      : `${name} was ${show(then, name)} and is ${show(now, name)}`,
  );
  return { changed, inWords: inWords.join("; ") };
};

const requireSameJob = (path: string, then: JobFacts, now: JobFacts): void => {
  const { changed, inWords } = differencesOf(then, now);
  if (changed.length === 0) return;
  throw new UserError("job-changed", { path, changed }, `these answers are of another job: ${inWords}`);
};

const readJobFile = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw readFailure(path, error);
  }
};

/** A record that was read. */
export interface JobRecord extends Pick<Job, "done"> {
  readonly facts: JobFacts;
  /** Of its whole lines. */
  readonly bytes: number;
}

/**
 * @returns undefined where there is none, or not yet a line of it
 * @throws UserError where it is malformed, or cannot be read
 */
export const readJob = (path: string): JobRecord | undefined => {
  const text = readJobFile(path);
  // A last line that is not ended was being written when the process was killed.
  const [first, ...lines] = text?.split("\n").slice(0, -1) ?? [];
  if (first === undefined) {
    if (text !== undefined && text !== "" && !text.startsWith("{")) throw foreign(path);
    return undefined;
  }
  const head = parse(headSchema, first);
  if (!head) throw foreign(path);
  const done = new Map<string, DoneRecording>();
  for (const line of lines) {
    const one = parse(doneSchema, line);
    if (!one) throw foreign(path);
    done.delete(one.clip);
    done.set(one.clip, one);
  }
  return { facts: head.job, done, bytes: Buffer.byteLength([first, ...lines, ""].join("\n")) };
};

/**
 * Opens the record of a job, or begins one.
 * @throws UserError where it is another job's, is malformed, or cannot be read or written
 */
export const openJob = async (path: string, facts: JobFacts): Promise<Job> => {
  const begun = readJob(path);
  if (begun) requireSameJob(path, begun.facts, facts);
  const fail = (error: unknown): never => {
    throw writeFailure(path, error);
  };
  const file = await open(path, "a").catch(fail);
  const write = async (rows: readonly object[]): Promise<void> => {
    await file.appendFile(rows.map((row) => `${JSON.stringify(row)}\n`).join("")).catch(fail);
    await file.sync().catch(fail);
  };
  await file.truncate(begun?.bytes ?? 0).catch(fail);
  if (!begun) await write([{ specgraph: version, job: facts }]);
  return { done: begun?.done ?? new Map(), add: write, close: () => file.close() };
};
