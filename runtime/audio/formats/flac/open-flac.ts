import { AudioFault } from "../audio-fault.ts";
import type { AudioStream, AudioTools } from "../audio-stream.ts";
import { type ByteSource, textOf } from "../byte-source.ts";
import { OutOfBytes } from "./bit-reader.ts";
import { decodeFrame, type FlacFrame, type StreamInfo } from "./decode-frame.ts";
import { formatOf, readStreamInfo, samplesOfFrames, streamInfoBytes } from "./decode-frames.ts";
import { isTail } from "../tags.ts";

const usualFrameBytes = 64 * 1024;
/** A frame's header has no more. */
const headerBytes = 16;
/** No frame is larger: 65,535 samples of 8 channels at 32 bits, and its headers. */
const largestFrameBytes = 65_535 * 8 * 4 + 1024;

/**
 * A FLAC file.
 * @returns undefined where it is none
 * @throws AudioFault
 */
export const openFlac = async (source: ByteSource, tools: AudioTools): Promise<AudioStream | undefined> => {
  if (textOf(await source.read(0, 4)) !== "fLaC") return undefined;
  const [type = 127] = await source.read(4, 1);
  if ((type & 127) !== 0) throw new AudioFault("the file is corrupt or cut off: it has no FLAC stream information");
  const info = readStreamInfo(await source.read(8, streamInfoBytes));
  const firstFrame = await skipMetadata(source);
  return {
    format: formatOf(info),
    sampleRateHz: info.sampleRateHz,
    channels: info.channels,
    countFrames: () => Promise.resolve(info.frames || undefined),
    decode: () => samplesOfFrames(readFrames(source, firstFrame, info), info, tools),
  };
};

/** @returns where the first frame starts */
const skipMetadata = async (source: ByteSource): Promise<number> => {
  let offset = 4;
  for (;;) {
    const [type, ...size] = await source.read(offset, 4);
    if (type === undefined || size.length < 3) throw new AudioFault("the file is cut off within its metadata");
    offset += 4 + size.reduce((total, byte) => 256 * total + byte, 0);
    if (type >= 128) return offset;
  }
};

async function* readFrames(
  source: ByteSource,
  firstFrame: number,
  info: StreamInfo,
): AsyncGenerator<FlacFrame, void, undefined> {
  let offset = firstFrame;
  let decoded = 0;
  while (offset < source.size) {
    source.forget?.(offset);
    const frame = await readFrame(source, offset, info);
    if (frame === undefined) {
      if (textOf(await source.read(offset, 4)) === "fLaC") {
        throw new AudioFault("another FLAC file follows in this one; expected one");
      }
      const isWhole = info.frames > 0 && decoded >= info.frames;
      if (isWhole || (await isTail(source, offset))) return;
      throw new AudioFault(`the file is corrupt: no FLAC frame starts at byte ${offset}`);
    }
    offset += frame.end;
    decoded += frame.channels[0]?.length ?? 0;
    yield frame;
  }
}

const readFrame = async (source: ByteSource, offset: number, info: StreamInfo): Promise<FlacFrame | undefined> => {
  let [bytes, least] = [usualFrameBytes, headerBytes];
  for (;;) {
    const window = await source.read(offset, bytes, least);
    try {
      return decodeFrame(window, 0, info);
    } catch (error) {
      if (!(error instanceof OutOfBytes)) throw error;
      const isAtEnd = offset + window.length >= source.size;
      // Anything shorter than a header may be a tail.
      if (isAtEnd && window.length < headerBytes && (await isTail(source, offset))) return undefined;
      if (isAtEnd || bytes > largestFrameBytes) {
        throw new AudioFault("the file is corrupt or cut off: its last frame is not whole", { cause: error });
      }
      if (window.length === bytes) bytes *= 4;
      least = window.length + 1;
    }
  }
};
