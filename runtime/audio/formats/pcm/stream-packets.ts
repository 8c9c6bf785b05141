import type { AudioBlock, AudioStream } from "../audio-stream.ts";
import { AudioFault } from "../audio-fault.ts";
import { type ByteSource, viewOf } from "../byte-source.ts";
import type { PacketCoding } from "./adpcm.ts";
import type { SampleEncoding } from "./sample-encoding.ts";

/** Samples that lie in packets of one size each. */
export interface PacketLayout extends Omit<PacketCoding, "name"> {
  readonly format: string;
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Where the samples lie in the file. */
  readonly start: number;
  readonly end: number;
  readonly packetBytes: number;
  /** Of the whole file, where its header knows better than its size. */
  readonly frames?: number | undefined;
}

const mostChannels = 255;
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
): PacketCoding & { readonly packetBytes: number } => {
  const frameBytes = bytes * channels;
  const framesOf = (size: number): number => Math.floor(size / frameBytes);
  const frames = Math.max(1, Math.floor(blockFrames / channels));
  return {
    name,
    packetBytes: frames * frameBytes,
    framesOf,
    decodePacket: (packet) => {
      const view = viewOf(packet);
      const count = framesOf(packet.length);
      return Array.from({ length: channels }, (_, channel) => {
        const samples = new Float32Array(count);
        for (let frame = 0; frame < count; frame++) samples[frame] = read(view, frame * frameBytes + channel * bytes);
        return samples;
      });
    },
  };
};

/** The stream of such a file. */
export const streamPackets = (source: ByteSource, layout: PacketLayout): AudioStream => {
  const { format, sampleRateHz, channels, start, end, packetBytes, framesOf, decodePacket } = layout;
  const whole = Math.floor((end - start) / packetBytes);
  const inPackets = whole * framesOf(packetBytes) + framesOf((end - start) % packetBytes || 0);
  const frames = layout.frames === undefined ? inPackets : Math.min(layout.frames, inPackets);
  async function* decode(): AsyncGenerator<AudioBlock, void, undefined> {
    let left = frames;
    for (let offset = start; left > 0; offset += packetBytes) {
      const packet = await source.read(offset, Math.min(packetBytes, end - offset));
      const decoded = decodePacket(packet);
      const count = decoded[0]?.length ?? 0;
      if (count === 0) return;
      yield { channels: count > left ? decoded.map((samples) => samples.subarray(0, left)) : decoded, sampleRateHz };
      left -= count;
    }
  }
  return { format, sampleRateHz, channels, countFrames: () => Promise.resolve(frames), decode };
};
