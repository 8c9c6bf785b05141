import { type AudioBlock, type AudioStream, type AudioTools, sizeNote } from "../audio-stream.ts";
import { AudioFault } from "../audio-fault.ts";
import { type ByteSource, isStream, viewOf } from "../byte-source.ts";
import type { PacketCoding } from "./adpcm.ts";
import type { SampleEncoding } from "./sample-encoding.ts";

/** Samples that lie in packets of one size each. */
export interface PacketLayout extends Omit<PacketCoding, "name"> {
  readonly format: string;
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Where the samples lie in the file; of a stream the end may be infinite. */
  readonly start: number;
  readonly end: number;
  /** Decoded at a time. */
  readonly packetBytes: number;
  /** What decodes by itself: of samples of fixed size a frame. Default: a packet. */
  readonly unitBytes?: number;
  /** Of the whole file, where its header knows better than its size. */
  readonly frames?: number | undefined;
}

export const mostChannels = 255;
/** Decoded at a time: small enough to stop soon, large enough to be quick. */
const blockFrames = 16_384;

/**
 * Checks what every container's header must say.
 * @throws AudioFault
 */
export const requireChannels = (channels: number): void => {
  if (channels < 1 || channels > mostChannels) {
    throw new AudioFault(`the file is corrupt: its header gives ${channels} channels; expected 1 to ${mostChannels}`);
  }
};

/** Samples of fixed size, interleaved: any number of frames is a packet. */
export const interleaved = (
  { name, bytes, read }: SampleEncoding,
  channels: number,
): PacketCoding & { readonly packetBytes: number; readonly unitBytes: number } => {
  const frameBytes = bytes * channels;
  const framesOf = (size: number): number => Math.floor(size / frameBytes);
  const frames = Math.max(1, Math.floor(blockFrames / channels));
  const memory = Array.from({ length: channels }, () => new Float32Array(frames));
  return {
    name,
    packetBytes: frames * frameBytes,
    unitBytes: frameBytes,
    framesOf,
    decodePacket: (packet) => {
      const view = viewOf(packet);
      const count = framesOf(packet.length);
      return memory.map((own, channel) => {
        const samples = own.subarray(0, count);
        for (let frame = 0; frame < count; frame++) samples[frame] = read(view, frame * frameBytes + channel * bytes);
        return samples;
      });
    },
  };
};

/**
 * The stream of such a file.
 * @throws AudioFault where a stream ends inside a sample
 */
export const streamPackets = (source: ByteSource, layout: PacketLayout, tools: AudioTools): AudioStream => {
  const { format, sampleRateHz, channels, start, end, packetBytes, framesOf, decodePacket } = layout;
  const { unitBytes = packetBytes } = layout;
  const whole = Math.floor((end - start) / packetBytes);
  const inPackets = whole * framesOf(packetBytes) + framesOf((end - start) % packetBytes || 0);
  const frames = layout.frames === undefined ? inPackets : Math.min(layout.frames, inPackets);
  async function* decode(): AsyncGenerator<AudioBlock, void, undefined> {
    let left = frames;
    for (let offset = start; left > 0;) {
      source.forget?.(offset);
      const bytes = await source.read(offset, Math.min(packetBytes, end - offset), unitBytes);
      const packet = bytes.length < unitBytes ? bytes : bytes.subarray(0, bytes.length - (bytes.length % unitBytes));
      const decoded = decodePacket(packet);
      const count = decoded[0]?.length ?? 0;
      if (count === 0) {
        if (isStream(source) && offset + bytes.length === source.size) tellEnd(bytes.length);
        return;
      }
      yield { channels: count > left ? decoded.map((samples) => samples.subarray(0, left)) : decoded, sampleRateHz };
      left -= count;
      offset += packet.length;
    }
  }
  /** A file's length is known before. */
  const tellEnd = (rest: number): void => {
    if (rest > 0) throw new AudioFault(`it ends inside a sample: ${rest} of its ${unitBytes} bytes have come`);
    if (Number.isFinite(end)) tools.note(sizeNote);
  };
  const countFrames = () => Promise.resolve(Number.isFinite(frames) ? frames : undefined);
  return { format, sampleRateHz, channels, countFrames, decode };
};
