import { appendFileSync, closeSync, openSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeFailure } from "../../session/write-artifact.ts";
import {
  type EncodedImage,
  encodeEvent,
  type Event,
  sessionStart,
  stringType,
  type SummaryValue,
} from "./encode-event.ts";
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
  readonly scalar: (tag: string, value: number, step: number, wallTimeSeconds: number) => void;
  /** Several scalars of one step, by tag. */
  readonly scalars: (values: Readonly<Record<string, number>>, step: number, wallTimeSeconds: number) => void;
  /** @param png a whole PNG file */
  readonly image: (tag: string, png: Uint8Array, step: number, wallTimeSeconds: number) => void;
  /** @param text Markdown */
  readonly text: (tag: string, text: string, step: number, wallTimeSeconds: number) => void;
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
    throw writeFailure(path, error) ?? error;
  }
};

/** By a PNG's colour type; a palette holds RGB. */
const channels = new Map([
  [0, 1],
  [2, 3],
  [3, 3],
  [4, 2],
  [6, 4],
]);

/** Reads the IHDR chunk, which every PNG starts with (PNG specification, section 11.2.1). */
const describePng = (png: Uint8Array): EncodedImage => {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  return {
    height: view.getUint32(20),
    width: view.getUint32(16),
    colorspace: channels.get(view.getUint8(25)) ?? 0,
    encodedImageString: png,
  };
};

/** The tensor that TensorBoard's text tab reads: one string. */
const describeText = (text: string): Pick<SummaryValue, "tensor" | "metadata"> => ({
  tensor: { dtype: stringType, tensorShape: { dim: [{ size: 1 }] }, stringVal: [Buffer.from(text)] },
  metadata: { pluginData: { pluginName: "text" } },
});

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
      throw writeFailure(path, error) ?? error;
    }
  };
  const summarize = (value: readonly SummaryValue[], step: number, wallTime: number): void =>
    append({ wallTime, step, summary: { value } });

  append({ wallTime: openedAtSeconds, fileVersion });
  // A run's first file needs it too: only from the second one on does it hide anything (tensorboard 2.21).
  append({ wallTime: openedAtSeconds, step: firstStep, sessionLog: { status: sessionStart } });
  return {
    path,
    scalar: (tag, simpleValue, step, wallTimeSeconds) => summarize([{ tag, simpleValue }], step, wallTimeSeconds),
    scalars: (values, step, wallTimeSeconds) => {
      const entries = Object.entries(values).map(([tag, simpleValue]) => ({ tag, simpleValue }));
      summarize(entries, step, wallTimeSeconds);
    },
    image: (tag, png, step, wallTimeSeconds) => summarize([{ tag, image: describePng(png) }], step, wallTimeSeconds),
    text: (tag, text, step, wallTimeSeconds) => summarize([{ tag, ...describeText(text) }], step, wallTimeSeconds),
    close: () => closeSync(file),
  };
};
