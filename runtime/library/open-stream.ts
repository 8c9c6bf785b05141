/** Streams of bytes or samples, as Node.js, browsers and programs have them. */
import type { SampleFormat } from "../audio/formats/pcm/sample-formats.ts";
import type { ByteStream } from "../audio/recording-source.ts";
import { UserError } from "../user-error.ts";
import type { Chunks } from "./model.ts";

/** So much is handed to the thread that decodes it at a time. */
const pieceBytes = 2 ** 20;

interface Reader {
  readonly next: () => Promise<{ readonly done?: boolean | undefined; readonly value?: unknown }>;
  readonly close: () => void;
}

const ignore = (): void => undefined;

const readerOf = (name: string, stream: Chunks<unknown>): Reader => {
  if ("getReader" in stream) {
    if (stream.locked) {
      throw new UserError("argument-invalid", { path: name, argument: "stream" }, "another reader holds the stream");
    }
    const reader = stream.getReader();
    return { next: () => reader.read(), close: () => void reader.cancel().catch(ignore) };
  }
  const items = stream[Symbol.asyncIterator]();
  const close = (): void => {
    // A generator that waits cannot be left; what it waits for can be ended.
    if ("destroy" in stream && typeof stream.destroy === "function") stream.destroy();
    else void Promise.resolve(items.return?.()).catch(ignore);
  };
  return { next: () => items.next(), close };
};

/** @param bytesOf of a chunk; undefined where it is of another kind */
const open = (
  name: string,
  stream: Chunks<unknown>,
  expected: string,
  bytesOf: (chunk: unknown) => Uint8Array | undefined,
) => {
  const reader = readerOf(name, stream);
  let rest: Uint8Array = new Uint8Array();
  const next: ByteStream["next"] = async () => {
    while (rest.length === 0) {
      const { done, value } = await reader.next();
      if (done === true) return undefined;
      const bytes = bytesOf(value);
      if (bytes === undefined) {
        const kind = typeof value === "string" ? "text" : "something else";
        throw new UserError(
          "argument-invalid",
          { path: name, argument: "stream" },
          `the stream gives ${kind}; expected ${expected}`,
        );
      }
      rest = bytes;
    }
    // A copy: the chunk stays its owner's.
    const piece = new Uint8Array(rest.subarray(0, pieceBytes));
    rest = rest.subarray(pieceBytes);
    return piece;
  };
  return { next, close: reader.close };
};

/**
 * @param name what messages call it
 * @throws UserError where another reader holds it
 */
export const openByteStream = (name: string, stream: Chunks<Uint8Array | ArrayBuffer>): ByteStream =>
  open(name, stream, "bytes (Uint8Array or ArrayBuffer)", (chunk) =>
    chunk instanceof ArrayBuffer ? new Uint8Array(chunk) : chunk instanceof Uint8Array ? chunk : undefined,
  );

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** This machine's floats. */
export const ownFloats: SampleFormat = isLittleEndian ? "f32le" : "f32be";

/** The same of samples, as bytes of `ownFloats`. */
export const openSampleStream = (name: string, stream: Chunks<Float32Array>): ByteStream =>
  open(name, stream, "samples (Float32Array)", (chunk) =>
    chunk instanceof Float32Array ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength) : undefined,
  );

/** How many samples of a sound in memory are interleaved at a time. */
const pieceSamples = 2 ** 16;

/** A sound in memory, piece by piece, its channels interleaved. */
export async function* interleave(channels: readonly Float32Array[]): AsyncGenerator<Float32Array, void, undefined> {
  const frames = channels[0]?.length ?? 0;
  const pieceFrames = Math.max(1, Math.floor(pieceSamples / channels.length));
  for (let start = 0; start < frames; start += pieceFrames) {
    const count = Math.min(pieceFrames, frames - start);
    const piece = new Float32Array(count * channels.length);
    for (const [channel, samples] of channels.entries()) {
      for (let frame = 0; frame < count; frame++)
        piece[frame * channels.length + channel] = samples[start + frame] ?? 0;
    }
    yield await Promise.resolve(piece);
  }
}
