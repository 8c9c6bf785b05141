/** Where a clip comes from: a file, by its path, or what a program holds. */
import { AudioFault } from "./formats/audio-fault.ts";
import type { AudioStream } from "./formats/audio-stream.ts";
import type { ByteSource } from "./formats/byte-source.ts";
import type { RawLayout } from "./formats/pcm/open-raw.ts";

/** An audio file in memory. */
export interface ClipBytes {
  /** What messages call it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** An audio file's bytes, wherever they are, or samples without a header. */
export interface ClipByteSource {
  /** What messages call it. */
  readonly name: string;
  readonly source: ByteSource;
  readonly raw: RawLayout | undefined;
}

/** Decoded sound. */
export interface ClipSamples {
  /** What messages call it. */
  readonly name: string;
  /** One array each, all of one length, in [-1, 1). */
  readonly channels: readonly Float32Array[];
  readonly sampleRateHz: number;
  /** How many samples each channel has of the whole clip, of which `channels` may be the beginning. */
  readonly frames: number;
}

export type ClipSource = string | ClipBytes | ClipByteSource | ClipSamples;

/** As messages name it. */
export const nameOf = (source: ClipSource): string => (typeof source === "string" ? source : source.name);

export const streamOf = ({ channels, sampleRateHz, frames }: ClipSamples): AudioStream => ({
  format: "samples",
  sampleRateHz,
  channels: channels.length,
  countFrames: () => Promise.resolve(frames),
  async *decode() {
    if (frames === 0) throw new AudioFault("the clip has no samples");
    yield { channels, sampleRateHz };
  },
});
