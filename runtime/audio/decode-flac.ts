import { createHash } from "node:crypto";
import { decodeCompressed } from "./decode-compressed.ts";
import type { DecodedAudio } from "./decoded-audio.ts";

interface StreamInfo {
  readonly bitsPerSample: number;
  /** Per channel; 0 where the encoder did not know it. */
  readonly samples: number;
  /** Of the samples as interleaved little-endian integers, hexadecimal; all zeros where the encoder did not compute it. */
  readonly md5: string;
}

/**
 * The samples of a FLAC file, native or in Ogg, exactly value / 2^(bits - 1), checked against the MD5 the file carries.
 * @returns the audio, or why the file is not readable.
 */
export const decodeFlac = async (bytes: Uint8Array): Promise<DecodedAudio | string> => {
  const info = readStreamInfo(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  if (info === undefined) return "the file is corrupt or cut off: it has no FLAC stream information";
  const decoded = await decodeCompressed(bytes);
  if (typeof decoded === "string") return decoded;
  const samples = decoded.channels[0]?.length ?? 0;
  if (samples < info.samples) {
    return `the file is corrupt or cut off: its header promises ${info.samples} samples and ${samples} can be decoded`;
  }
  // libFLAC's WebAssembly build (@audio/decode-flac 1.3) divides by 2^(bits - 1) - 1; this gives the integers back, up to 24 bits.
  const peak = 2 ** (info.bitsPerSample - 1);
  const channels = decoded.channels.map((samples) => samples.map((sample) => Math.round(sample * (peak - 1)) / peak));
  const isChecked = /[^0]/.test(info.md5) && info.bitsPerSample <= 24;
  if (isChecked && md5Of(channels, info.bitsPerSample) !== info.md5) {
    return "the file is corrupt: its samples do not match its checksum";
  }
  return { channels, sampleRateHz: decoded.sampleRateHz };
};

/** STREAMINFO, the first metadata block (RFC 9639, section 8.2). */
const readStreamInfo = (bytes: Buffer): StreamInfo | undefined => {
  const start = bytes.indexOf("fLaC") + 8; // the marker and the block's header
  if (start < 8 || start + 34 > bytes.length) return undefined;
  const bitsPerSample = ((bytes.readUInt16BE(start + 12) >> 4) & 31) + 1;
  const samples = (bytes.readUInt8(start + 13) & 15) * 2 ** 32 + bytes.readUInt32BE(start + 14);
  return { bitsPerSample, samples, md5: bytes.toString("hex", start + 18, start + 34) };
};

const md5Of = (channels: readonly Float32Array[], bitsPerSample: number): string => {
  const bytesPerSample = Math.ceil(bitsPerSample / 8);
  const bytesPerFrame = channels.length * bytesPerSample;
  const interleaved = Buffer.alloc((channels[0]?.length ?? 0) * bytesPerFrame);
  channels.forEach((samples, channel) => {
    samples.forEach((sample, frame) => {
      const offset = frame * bytesPerFrame + channel * bytesPerSample;
      interleaved.writeIntLE(sample * 2 ** (bitsPerSample - 1), offset, bytesPerSample);
    });
  });
  return createHash("md5").update(interleaved).digest("hex");
};
