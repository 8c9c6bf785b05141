import { AudioFault } from "../audio-fault.ts";
import type { AudioBlock, AudioTools } from "../audio-stream.ts";
import { hexOf, viewOf } from "../byte-source.ts";
import type { FlacFrame, StreamInfo } from "./decode-frame.ts";

export const streamInfoBytes = 34;

/**
 * STREAMINFO (RFC 9639, section 8.2).
 * @throws AudioFault where it says what no stream can be
 */
export const readStreamInfo = (bytes: Uint8Array): StreamInfo => {
  if (bytes.length < streamInfoBytes) {
    throw new AudioFault("the file is corrupt or cut off: it has no FLAC stream information");
  }
  const view = viewOf(bytes);
  const packed = view.getUint32(10, false);
  const info = {
    largestBlock: view.getUint16(2, false),
    sampleRateHz: packed >>> 12,
    channels: ((packed >>> 9) & 7) + 1,
    bitsPerSample: ((packed >>> 4) & 31) + 1,
    frames: (packed & 15) * 2 ** 32 + view.getUint32(14, false),
    md5: hexOf(bytes.subarray(18, 34)),
  };
  if (info.sampleRateHz === 0 || info.largestBlock < 16 || info.bitsPerSample < 4) {
    throw new AudioFault("the file is corrupt: its FLAC stream information has been wiped");
  }
  return info;
};

export const formatOf = ({ bitsPerSample }: StreamInfo): string => `FLAC, ${bitsPerSample} bits`;

/**
 * Frames as samples: value / 2^(bits - 1). Checks that none is missing, that there are as many samples as promised, and their MD5.
 * @throws AudioFault
 */
export async function* samplesOfFrames(
  frames: AsyncIterable<FlacFrame>,
  info: StreamInfo,
  { createMd5 }: AudioTools,
): AsyncGenerator<AudioBlock, void, undefined> {
  const md5 = /[^0]/.test(info.md5) ? createMd5?.() : undefined;
  let decoded = 0;
  let first: number | undefined;
  for await (const frame of frames) {
    // A recording that was cut out of another keeps its numbers.
    first ??= frame.firstSample;
    if (frame.firstSample !== first + decoded) {
      throw new AudioFault(`the file is corrupt: after sample ${decoded} comes sample ${frame.firstSample - first}`);
    }
    if (md5 !== undefined) md5.update(interleave(frame.channels, info.bitsPerSample));
    const peak = 2 ** (info.bitsPerSample - 1);
    const channels = frame.channels.map((samples) => scale(samples, 1 / peak));
    decoded += channels[0]?.length ?? 0;
    yield { channels, sampleRateHz: info.sampleRateHz };
  }
  if (decoded < info.frames) {
    throw new AudioFault(
      `the file is corrupt or cut off: its header promises ${info.frames} samples and ${decoded} can be decoded`,
    );
  }
  if (info.frames > 0 && decoded > info.frames) {
    throw new AudioFault(
      `the file is corrupt: its header promises ${info.frames} samples and ${decoded} can be decoded`,
    );
  }
  if (md5 !== undefined && md5.digest("hex") !== info.md5) {
    throw new AudioFault("the file is corrupt: its samples do not match its checksum");
  }
}

const scale = (samples: Float64Array, factor: number): Float32Array => {
  const scaled = new Float32Array(samples.length);
  for (let index = 0; index < samples.length; index++) scaled[index] = (samples[index] ?? 0) * factor;
  return scaled;
};

/** As FLAC's MD5 takes them: little-endian, in whole bytes. */
const interleave = (channels: readonly Float64Array[], bitsPerSample: number): Uint8Array => {
  const bytesPerSample = Math.ceil(bitsPerSample / 8);
  const frameBytes = channels.length * bytesPerSample;
  const bytes = new Uint8Array((channels[0]?.length ?? 0) * frameBytes);
  channels.forEach((samples, channel) => {
    for (let frame = 0; frame < samples.length; frame++) {
      let sample = samples[frame] ?? 0;
      const offset = frame * frameBytes + channel * bytesPerSample;
      for (let byte = 0; byte < bytesPerSample; byte++) {
        bytes[offset + byte] = sample & 0xff;
        sample >>= 8;
      }
    }
  });
  return bytes;
};
