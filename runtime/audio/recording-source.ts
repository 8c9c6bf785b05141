/** Where a recording comes from, whose thread may lie elsewhere: a file, or bytes that another thread holds and gives as they are asked for. */
import { listenTo, type Port } from "../threads/threads.ts";
import { UserError } from "../user-error.ts";
import type { ByteSource } from "./formats/byte-source.ts";
import type { RawLayout } from "./formats/pcm/open-raw.ts";
import { sourceOfStream } from "./formats/stream-source.ts";

/** Bytes as they come. */
export interface ByteStream {
  /** What comes next, to be handed over; undefined at the end. */
  readonly next: () => Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Nothing more is needed. What is asked for may stay unanswered. */
  readonly close: () => void;
}

/** A file by its path; a file's bytes, wherever they are; or what comes as a stream, a file's bytes too or samples without a header. */
export type Recording =
  | { readonly name: string; readonly path: string }
  | {
      readonly name: string;
      readonly size: number;
      readonly read: (offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;
    }
  | StreamedRecording;

export interface StreamedRecording {
  readonly name: string;
  readonly open: () => ByteStream;
  readonly raw?: RawLayout | undefined;
}

/** The same, as the thread that reads it is told. */
export type RecordingPlace =
  | { readonly path: string }
  | {
      readonly name: string;
      /** Of a stream undefined. */
      readonly size: number | undefined;
      readonly raw: RawLayout | undefined;
      /** Takes `ByteRequest`s, and gives `ByteReply`s. */
      readonly port: Port;
    };

/** Of a stream, the place says nothing: what comes next is given. */
interface ByteRequest {
  readonly offset: number;
  readonly length: number;
}

/** `bytes` is undefined at the end of a stream. */
type ByteReply = { readonly bytes: Uint8Array | undefined } | { readonly failure: string };

/** @returns the bytes, in the thread that reads them */
export const sourceBehind = (port: Port, size: number | undefined): ByteSource => {
  const ask = (request: ByteRequest): Promise<Uint8Array | undefined> =>
    new Promise((resolve, reject) => {
      listenTo(port, (message) => {
        const reply = message as ByteReply;
        if ("bytes" in reply) resolve(reply.bytes);
        else reject(new UserError("stream-failed", {}, reply.failure));
      });
      port.postMessage(request);
    });
  if (size === undefined) return sourceOfStream(() => ask({ offset: 0, length: 0 }));
  return { size, read: async (offset, length) => (await ask({ offset, length })) ?? new Uint8Array() };
};

/** Gives bytes to the thread that reads them, one answer after another. */
export interface ByteServer {
  /** Why bytes could not be given, where they could not. */
  readonly failure: () => UserError | undefined;
  readonly close: () => void;
}

export const serveBytes = (port: Port, recording: Exclude<Recording, { path: string }>): ByteServer => {
  const { name } = recording;
  const stream = "open" in recording ? recording.open() : undefined;
  const give = ({ offset, length }: ByteRequest) =>
    "read" in recording ? recording.read(offset, length) : stream?.next();
  let failure: UserError | undefined;
  const answer = async (request: ByteRequest): Promise<void> => {
    try {
      const bytes = await give(request);
      port.postMessage({ bytes } satisfies ByteReply, bytes === undefined ? [] : [bytes.buffer]);
    } catch (error) {
      failure = failed(name, error);
      port.postMessage({ failure: failure.sentence } satisfies ByteReply);
    }
  };
  listenTo(port, (request) => void answer(request as ByteRequest));
  return {
    failure: () => failure,
    close: () => {
      port.close();
      stream?.close();
    },
  };
};

const failed = (path: string, error: unknown): UserError => {
  if (error instanceof UserError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError("stream-failed", { path }, `reading it failed: ${reason}`, { cause: error });
};
