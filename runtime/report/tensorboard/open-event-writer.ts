import { appendFileSync, closeSync, openSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeFailure } from "../../files/write-failure.ts";
import { encodeEvent, type Event, sessionStart } from "./encode-event.ts";
import { frameRecord } from "./frame-record.ts";

export interface EventWriterOptions {
  /** The run, as TensorBoard's list names it; it exists. Files that are in it are kept. */
  readonly folder: string;
  /** Since 1970. */
  readonly openedAtSeconds: number;
  /** Part of the file's name. Default: this machine's. */
  readonly host?: string;
  /** The first step that will be written. What earlier files of the folder say of it and of later ones is no longer shown. */
  readonly firstStep: number;
}

/** Writes what TensorBoard shows; each call is in the file when it returns, and throws UserError where it cannot be. */
export interface EventWriter {
  readonly path: string;
  /** Figures of one step, by tag. */
  readonly scalars: (values: Readonly<Record<string, number>>, step: number, wallTimeSeconds: number) => void;
  readonly close: () => void;
}

/** The version from which a session's start hides earlier events of its step and later ones. */
const fileVersion = "brain.Event:2";

/** TensorBoard reads a folder's files in the order of their names, so no two share a second. */
const createFile = (
  folder: string,
  seconds: number,
  host: string,
): { readonly path: string; readonly file: number } => {
  const path = join(folder, `events.out.tfevents.${seconds}.${host}`);
  try {
    return { path, file: openSync(path, "wx") };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return createFile(folder, seconds + 1, host);
    throw writeFailure(path, error);
  }
};

/**
 * Starts a file of events in a run's folder, beside those of its earlier parts.
 * @throws UserError where the file cannot be written
 */
export const openEventWriter = ({
  folder,
  openedAtSeconds,
  host = hostname(),
  firstStep,
}: EventWriterOptions): EventWriter => {
  const { path, file } = createFile(folder, Math.floor(openedAtSeconds), host);

  const append = (event: Event): void => {
    try {
      appendFileSync(file, frameRecord(encodeEvent(event)));
    } catch (error) {
      throw writeFailure(path, error);
    }
  };

  append({ wallTime: openedAtSeconds, fileVersion });
  // A run's first file needs it too: only from the second one on does it hide anything (tensorboard 2.21).
  append({ wallTime: openedAtSeconds, step: firstStep, sessionLog: { status: sessionStart } });
  return {
    path,
    scalars: (values, step, wallTimeSeconds) => {
      const value = Object.entries(values).map(([tag, simpleValue]) => ({ tag, simpleValue }));
      append({ wallTime: wallTimeSeconds, step, summary: { value } });
    },
    close: () => closeSync(file),
  };
};
