import { readFile } from "node:fs/promises";
import { UserError } from "../user-error.ts";
import { decodeCompressed } from "./decode-compressed.ts";
import { decodeFlac } from "./decode-flac.ts";
import type { DecodedAudio } from "./decoded-audio.ts";
import { id3Length, mp3Fault } from "./mp3-fault.ts";
import { oggFault } from "./ogg-fault.ts";
import { readFailure } from "./read-failure.ts";
import { readWav } from "./read-wav.ts";

/** A clip as one channel, at the file's own rate. */
export interface DecodedClip {
  readonly samples: Float32Array<ArrayBuffer>;
  readonly sampleRateHz: number;
}

type Decode = (bytes: Uint8Array) => DecodedAudio | string | Promise<DecodedAudio | string>;

const sampleRatesHz = { least: 1000, most: 1_000_000 };

/**
 * Decodes an audio file: WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus, recognised by its content, mixed down to the mean of its channels.
 * Samples lie in [-1, 1) for integer formats: PCM of b bits is value / 2^(b - 1).
 * @throws UserError naming the file where it is missing, not audio, corrupt, cut off, empty, or holds samples that are not finite.
 */
export const decodeClip = async (path: string): Promise<DecodedClip> => {
  const fail = (reason: string): never => {
    throw new UserError(`${path}: ${reason}`);
  };
  const bytes = await readFile(path).catch((error: unknown) => fail(readFailure(error)));
  if (bytes.length === 0) fail("the file is empty");
  const decodeBytes =
    decoderOf(bytes) ?? fail("this is not audio that can be read; expected WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus");
  const decoded = await decodeBytes(bytes);
  if (typeof decoded === "string") return fail(decoded);
  const { channels, sampleRateHz } = decoded;
  if (sampleRateHz < sampleRatesHz.least || sampleRateHz > sampleRatesHz.most) {
    fail(`its sample rate is ${sampleRateHz} Hz; expected ${sampleRatesHz.least} to ${sampleRatesHz.most} Hz`);
  }
  const samples = mixDown(channels);
  if (samples.length === 0) fail("the clip has no samples");
  const faulty = samples.findIndex((sample) => !Number.isFinite(sample));
  if (faulty >= 0) fail(`sample ${faulty} is ${samples[faulty]}; expected finite numbers`);
  return { samples, sampleRateHz };
};

/** The decoder for the format that the file's first bytes show. */
const decoderOf = (bytes: Buffer): Decode | undefined => {
  const startsWith = (text: string, offset = 0) => bytes.toString("latin1", offset, offset + text.length) === text;
  if (startsWith("RIFF") && startsWith("WAVE", 8)) return readWav;
  if (startsWith("fLaC", id3Length(bytes))) return decodeFlac;
  if (startsWith("OggS")) return oggDecoderOf(startsWith);
  if (startsWith("ID3") || isMpegFrame(bytes)) return decodeChecked(mp3Fault);
  return undefined;
};

/** The first packet, which names the codec, follows the first page's header of 28 bytes. */
const oggDecoderOf = (startsWith: (text: string, offset: number) => boolean): Decode | undefined => {
  if (startsWith("\x7fFLAC", 28)) return decodeFlac;
  if (startsWith("\x01vorbis", 28) || startsWith("OpusHead", 28)) return decodeChecked(oggFault);
  return undefined;
};

/** A frame's header: 11 bits of sync, then no reserved layer, bit rate or sample rate. */
const isMpegFrame = (bytes: Buffer): boolean => {
  if (bytes.length < 4) return false;
  const header = bytes.readUInt32BE(0);
  return (
    header >>> 21 === 0x7ff &&
    ((header >>> 17) & 3) !== 0 &&
    ((header >>> 12) & 15) !== 15 &&
    ((header >>> 10) & 3) !== 3
  );
};

/** Looks for faults that the decoder passes over in silence, then decodes. */
const decodeChecked =
  (faultOf: (bytes: Uint8Array) => string | undefined): Decode =>
  (bytes) =>
    faultOf(bytes) ?? decodeCompressed(bytes);

const mixDown = (channels: readonly Float32Array[]): Float32Array<ArrayBuffer> => {
  const mono = new Float32Array(channels[0]?.length ?? 0);
  for (let index = 0; index < mono.length; index++) {
    let sum = 0;
    for (const channel of channels) sum += channel[index] ?? 0;
    mono[index] = sum / channels.length;
  }
  return mono;
};
