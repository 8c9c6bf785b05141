/**
 * Answers in files: one of all recordings, or one of each in a folder. A file appears under its name when it is whole. What is done
 * is kept in the job's record, so that after an interruption, even a kill, the same files come out as without it.
 */
import { existsSync } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { plural } from "../../compiler/artifact/plural.ts";
import { printableJson } from "../../compiler/artifact/printable.ts";
import { createFolders } from "../files/create-folders.ts";
import { takeLock } from "../files/process-lock.ts";
import { commit, discard, openTemporary, type TemporaryFile } from "../files/temporary-file.ts";
import { writeFailure } from "../files/write-failure.ts";
import { UserError } from "../user-error.ts";
import type { Answer, AnswerOutput } from "./answer-output.ts";
import { fileNameFor } from "./file-names.ts";
import { formatOf, type Line } from "./formats.ts";
import { type DoneRecording, type Job, type JobFacts, openJob, stateOf } from "./job.ts";
import type { Recording } from "./list-recordings.ts";
import { createTelling, type Telling, type TellingOptions, type Told } from "./telling.ts";

export interface AnswerFilesOptions extends Omit<TellingOptions, "isCombined"> {
  /** The file; or the folder, where each recording gets a file of its own. */
  readonly target: string;
  readonly isFolder: boolean;
  readonly recordings: readonly Recording[];
  /** All that answers depend on. */
  readonly facts: JobFacts;
}

export interface AnswerFiles extends AnswerOutput {
  /** Recordings that are done already, by an earlier call. */
  readonly done: readonly DoneRecording[];
  /** Whether one is among them. */
  readonly isDone: (path: string) => boolean;
  /** Lets go of the files. What is not done is then gone on with by another call. */
  readonly release: () => Promise<void>;
}

/** So often what is done is put on the disk: a loss of power takes no more than that. */
const commitEveryMs = 1000;
const bufferBytes = 1 << 16;

/** Text that is gathered, and appended in pieces. */
interface TextFile {
  /** Bytes so far. */
  readonly length: () => number;
  readonly add: (text: string) => Promise<void>;
  readonly flush: () => Promise<void>;
}

const createTextFile = (file: FileHandle, start: number): TextFile => {
  let [waiting, length, waitingBytes] = ["", start, 0];
  const flush = async (): Promise<void> => {
    const text = waiting;
    [waiting, waitingBytes] = ["", 0];
    if (text !== "") await file.appendFile(text);
  };
  return {
    length: () => length,
    flush,
    add: async (text) => {
      const bytes = Buffer.byteLength(text);
      waiting += text;
      waitingBytes += bytes;
      length += bytes;
      if (waitingBytes >= bufferBytes) await flush();
    },
  };
};

const textOf = (lines: readonly Line[]): string =>
  lines.map((line) => `${typeof line === "string" ? line : printableJson(line)}\n`).join("");

/** Where the answers of recordings go. */
interface Store {
  /** Where the next text goes. @throws the file system's error */
  readonly open: (recording: Recording) => Promise<TextFile>;
  /** The recording's answers are all told. @param isHeard whether there is any, or nothing was wrong */
  readonly end: (recording: Recording, isHeard: boolean) => Promise<void>;
  /** Puts all on the disk that recordings which ended have. */
  readonly sync: () => Promise<void>;
  /** How many bytes those have that ended. */
  readonly written: () => number;
  readonly finish: () => Promise<void>;
  readonly release: () => Promise<void>;
}

/** Where the record of a job is. */
export const jobFileOf = ({ target, isFolder }: Pick<AnswerFilesOptions, "target" | "isFolder">): string =>
  isFolder ? join(target, "infer.job.jsonl") : `${target}.job.jsonl`;

/** What one file of all is called while it is written. */
export const partialOf = (target: string): string => `${target}.partial`;

export const existing = (path: string, facts: object = {}, more = ""): UserError =>
  new UserError("output-exists", { target: path, ...facts }, `${path} exists${more}, and nothing is overwritten`);

/** Whether there is a record of a job there, this or another. */
export const isJobBegun = (place: Pick<AnswerFilesOptions, "target" | "isFolder">): boolean =>
  existsSync(jobFileOf(place));

/** One file of all: written beside its place as FILE.partial. */
const openCombined = async (options: AnswerFilesOptions, job: Job): Promise<Store> => {
  const { target, format, recordings } = options;
  const { convert } = formatOf(format);
  const partial = partialOf(target);
  const doneNames = [...job.done.keys()];
  const isWhole = existsSync(target) && !existsSync(partial);
  const strange = doneNames.find((name, index) => recordings[index]?.name !== name);
  if (strange !== undefined || (isWhole && doneNames.length < recordings.length)) {
    const first = strange ?? recordings[doneNames.length]?.name ?? "";
    throw new UserError(
      "job-recordings-changed",
      { target, clip: first },
      `${target} was begun with other recordings: ${first} is ${strange === undefined ? "new" : "not where it was in their order"}`,
    );
  }
  await requireUnchanged(target, recordings, job);
  const none = () => Promise.resolve();
  const written = [...job.done.values()].at(-1)?.written ?? 0;
  if (isWhole) {
    const closed = () => Promise.reject(new Error(`${target} is whole`));
    return { open: closed, end: none, sync: none, written: () => written, finish: none, release: none };
  }
  const file = await open(partial, "a");
  const { size } = await file.stat();
  if (size < written) {
    await file.close();
    throw new UserError(
      "job-malformed",
      { path: jobFileOf(options) },
      `it tells of ${written} bytes in ${partial}, which has ${size}; delete both to begin anew`,
    );
  }
  await file.truncate(written);
  const text = createTextFile(file, written);
  let ended = written;
  return {
    open: () => Promise.resolve(text),
    end: () => {
      ended = text.length();
      return Promise.resolve();
    },
    sync: async () => {
      await text.flush();
      await file.datasync();
    },
    written: () => ended,
    finish: async () => {
      await text.flush();
      await file.sync();
      if (convert) await convert(partial, target);
      else await rename(partial, target);
      await rm(partial, { force: true });
    },
    release: () => file.close(),
  };
};

/** A file of each. */
const openFolder = (options: AnswerFilesOptions): Store => {
  const { target, format } = options;
  const { convert, extension } = formatOf(format);
  const placeOf = ({ name }: Recording): string => join(target, fileNameFor(name, extension));
  let current: { readonly temporary: TemporaryFile; readonly text: TextFile } | undefined;
  const begin = async (recording: Recording): Promise<TextFile> => {
    if (current) return current.text;
    const place = placeOf(recording);
    createFolders(dirname(place));
    const temporary = await openTemporary(convert ? `${place}.rows` : place);
    const text = createTextFile(temporary.file, 0);
    current = { temporary, text };
    return text;
  };
  const drop = async (): Promise<void> => {
    if (current) await discard(current.temporary);
    current = undefined;
  };
  const none = () => Promise.resolve();
  return {
    open: begin,
    end: async (recording, isHeard) => {
      if (!isHeard) return drop();
      const text = await begin(recording);
      await text.flush();
      if (!current) return;
      const { temporary } = current;
      if (convert) {
        await convert(temporary.path, placeOf(recording));
        await drop();
      } else await commit(temporary);
      current = undefined;
    },
    sync: none,
    written: () => 0,
    finish: none,
    release: drop,
  };
};

/** @throws UserError where a recording is not what it was when it was heard */
const requireUnchanged = async (target: string, recordings: readonly Recording[], job: Job): Promise<void> => {
  for (const recording of recordings) {
    const done = job.done.get(recording.name);
    if (!done || (await isSame(recording, done))) continue;
    throw new UserError(
      "job-recordings-changed",
      { target, clip: recording.name },
      `${target} was begun with other recordings: ${recording.path} has changed since it was heard`,
    );
  }
};

const isSame = async (recording: Recording, done: DoneRecording): Promise<boolean> => {
  const { bytes, modified } = await stateOf(recording);
  return bytes === done.bytes && modified === done.modified;
};

/** A new job's files are none that are there. */
const requireFree = (options: AnswerFilesOptions): void => {
  const { target, isFolder, format, recordings } = options;
  if (!isFolder) {
    const taken = [target, partialOf(target)].find(existsSync);
    if (taken !== undefined) throw existing(taken);
    return;
  }
  const places = recordings.map(({ name }) => join(target, fileNameFor(name, formatOf(format).extension)));
  const [first, ...others] = places.filter((place) => existsSync(place));
  if (first === undefined) return;
  throw existing(
    first,
    {},
    others.length === 0 ? "" : `, as ${others.length} other ${plural(others.length, "file")} there`,
  );
};

const lock = (job: string): (() => Promise<void>) => {
  const file = `${job}.lock`;
  const pid = takeLock(file);
  if (pid === undefined) return () => rm(file, { force: true });
  throw new UserError(
    "job-locked",
    { path: job, pid },
    `process ${pid} is at work on it; wait for its end or stop it. If that is another program, delete ${file}`,
  );
};

/**
 * Opens files for a job's answers, those that it has begun or new ones.
 * @throws UserError where files are there that are not this job's, or none can be written
 */
export const openAnswerFiles = async (options: AnswerFilesOptions): Promise<AnswerFiles> => {
  const { target, isFolder, recordings, facts, describe } = options;
  const jobFile = jobFileOf(options);
  const fail = (error: unknown): never => {
    throw writeFailure(target, error);
  };
  const orFail = async <Value>(act: () => Promise<Value>): Promise<Value> => act().catch(fail);
  await orFail(async () => createFolders(isFolder ? resolve(target) : dirname(resolve(target))));
  const unlock = lock(jobFile);
  let job: Job | undefined;
  let store: Store;
  try {
    if (!isJobBegun(options)) requireFree(options);
    job = await openJob(jobFile, facts);
    store = isFolder ? openFolder(options) : await orFail(() => openCombined(options, job as Job));
  } catch (error) {
    await job?.close();
    await unlock();
    throw error;
  }
  const known = new Map(recordings.map((recording) => [recording.path, recording]));
  const done: DoneRecording[] = [];
  for (const recording of recordings) {
    const one = job.done.get(recording.name);
    // In a folder, one that has changed is heard again.
    if (one && (!isFolder || (await isSame(recording, one)))) done.push(one);
  }
  const doneNames = new Set(done.map(({ clip }) => clip));
  const isCombined = !isFolder;
  const begin = (before?: Told): Telling => createTelling({ ...options, isCombined }, before);
  let telling = begin(isCombined ? done.at(-1) : undefined);
  /** Whether anything stands in the place of the recording at hand. */
  let isTold = false;
  let failures: string[] = [];
  let waiting: DoneRecording[] = [];
  let committed = performance.now();

  const commitDone = async (): Promise<void> => {
    await store.sync();
    await job.add(waiting);
    [waiting, committed] = [[], performance.now()];
  };
  /** What files begin with comes before the first line, or at the end of a recording in which nothing is heard. */
  const write = async (recording: Recording, lines: readonly Line[]): Promise<void> => {
    const text = await store.open(recording);
    await text.add(textOf(text.length() === 0 ? [...telling.head, ...lines] : lines));
  };
  const endRecording = async (recording: Recording): Promise<void> => {
    if (isTold || failures.length === 0) await write(recording, []);
    await store.end(recording, isTold || failures.length === 0);
    const state = await stateOf(recording);
    waiting.push({ clip: recording.name, ...state, written: store.written(), ...telling.told(), failures });
    if (!isCombined) telling = begin();
    [isTold, failures] = [false, []];
    if (performance.now() - committed >= commitEveryMs) await commitDone();
  };
  const take = async (answer: Answer): Promise<void> => {
    const recording = known.get(answer.path);
    if (!recording) return;
    if (answer.kind === "failure") failures.push(describe(answer.error));
    const lines = await telling.take(answer);
    if (lines.length > 0) {
      isTold = true;
      await write(recording, lines);
    }
    if (answer.kind === "end") await endRecording(recording);
  };
  const release = async (): Promise<void> => {
    await store.release();
    await job.close();
    await unlock();
  };
  return {
    done,
    isDone: (path) => doneNames.has(known.get(path)?.name ?? ""),
    take: (answer) => orFail(() => take(answer)),
    close: () =>
      orFail(async () => {
        await commitDone();
        await store.finish();
      }),
    pause: () => orFail(commitDone),
    release,
  };
};

/** Whether a path means a folder: it ends as one, or is one. */
export const isFolderPath = async (path: string): Promise<boolean> =>
  /[/\\]$/.test(path) || ((await stat(path).catch(() => undefined))?.isDirectory() ?? false);
