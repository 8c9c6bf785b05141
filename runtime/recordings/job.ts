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

const requireSameJob = (path: string, then: JobFacts, now: JobFacts): void => {
  const names = [...new Set([...Object.keys(then), ...Object.keys(now)])];
  const changed = names.filter((name) => (then[name] ?? null) !== (now[name] ?? null));
  if (changed.length === 0) return;
  const show = (facts: JobFacts, name: string): string => String(facts[name] ?? "none");
  const differences = changed.map((name) =>
    name === "graph" ? "the graph is another" : `${name} was ${show(then, name)} and is ${show(now, name)}`,
  );
  throw new UserError("job-changed", { path, changed }, `these answers are of another job: ${differences.join("; ")}`);
};

const readJob = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw readFailure(path, error);
  }
};

/**
 * Opens the record of a job, or begins one.
 * @throws UserError where it is another job's, is malformed, or cannot be read or written
 */
export const openJob = async (path: string, facts: JobFacts): Promise<Job> => {
  const text = readJob(path);
  const done = new Map<string, DoneRecording>();
  // A last line that is not ended was being written when the process was killed.
  const [first, ...lines] = text?.split("\n").slice(0, -1) ?? [];
  if (first !== undefined) {
    const head = parse(headSchema, first);
    if (!head) throw foreign(path);
    requireSameJob(path, head.job, facts);
    for (const line of lines) {
      const one = parse(doneSchema, line);
      if (!one) throw foreign(path);
      done.delete(one.clip);
      done.set(one.clip, one);
    }
  } else if (text !== undefined && text !== "" && !text.startsWith("{")) throw foreign(path);
  const fail = (error: unknown): never => {
    throw writeFailure(path, error);
  };
  const file = await open(path, "a").catch(fail);
  const write = async (rows: readonly object[]): Promise<void> => {
    await file.appendFile(rows.map((row) => `${JSON.stringify(row)}\n`).join("")).catch(fail);
    await file.sync().catch(fail);
  };
  if (first === undefined) {
    await file.truncate(0).catch(fail);
    await write([{ specgraph: version, job: facts }]);
  } else await file.truncate(Buffer.byteLength([first, ...lines, ""].join("\n"))).catch(fail);
  return { done, add: write, close: () => file.close() };
};
