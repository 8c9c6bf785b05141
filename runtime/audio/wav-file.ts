/** WAV files of any length, written block by block. */
import { type FileHandle, open } from "node:fs/promises";
import { writeFully } from "../files/temporary-file.ts";

export interface WavFile {
  /** Samples of each channel that are in the file. */
  readonly frames: () => number;
  /** Appends samples, an array for each channel, all of one length. */
  readonly append: (channels: readonly Float32Array[]) => Promise<void>;
  /** Writes the header and closes the file. */
  readonly finish: () => Promise<void>;
}

interface Encoding {
  readonly tag: number;
  readonly bytes: 2 | 4;
}

/** Integers of 16 bits, as long as all samples are such. */
const integer: Encoding = { tag: 1, bytes: 2 };
const float: Encoding = { tag: 3, bytes: 4 };
const headerBytes = 80;
/** So many samples are encoded at once. */
const piece = 1 << 15;

/** A loop, for the same reason as those in `mono-blocks.ts`. */
const areIntegers16 = (samples: Float32Array): boolean => {
  for (let index = 0; index < samples.length; index++) {
    const scaled = (samples[index] ?? 0) * 32_768;
    if (!(Number.isInteger(scaled) && scaled >= -32_768 && scaled <= 32_767)) return false;
  }
  return true;
};

/** Writes frames `from` to `to` of the channels into the bytes, side by side. */
const interleave = (
  bytes: Buffer,
  channels: readonly Float32Array[],
  { from, to }: { readonly from: number; readonly to: number },
  encoding: Encoding,
): number => {
  let offset = 0;
  for (let frame = from; frame < to; frame++) {
    for (const channel of channels) {
      const sample = channel[frame] ?? 0;
      if (encoding === integer) bytes.writeInt16LE(sample * 32_768, offset);
      else bytes.writeFloatLE(sample, offset);
      offset += encoding.bytes;
    }
  }
  return offset;
};

/** RIFF counts in 32 bits; a longer file is RF64 (EBU Tech 3306), whose chunk ds64 takes the place that JUNK keeps. */
const headerOf = (dataBytes: number, channels: number, sampleRateHz: number, { tag, bytes }: Encoding): Buffer => {
  const header = Buffer.alloc(headerBytes);
  const riffBytes = headerBytes - 8 + dataBytes;
  const isLong = riffBytes > 0xffff_ffff;
  header.write(isLong ? "RF64" : "RIFF", 0, "latin1");
  header.writeUInt32LE(isLong ? 0xffff_ffff : riffBytes, 4);
  header.write(`WAVE${isLong ? "ds64" : "JUNK"}`, 8, "latin1");
  header.writeUInt32LE(28, 16);
  if (isLong) {
    [riffBytes, dataBytes, dataBytes / (channels * bytes)].forEach((count, index) => {
      header.writeBigUInt64LE(BigInt(count), 20 + 8 * index);
    });
  }
  header.write("fmt ", 48, "latin1");
  header.writeUInt32LE(16, 52);
  header.writeUInt16LE(tag, 56);
  header.writeUInt16LE(channels, 58);
  header.writeUInt32LE(sampleRateHz, 60);
  header.writeUInt32LE(sampleRateHz * channels * bytes, 64);
  header.writeUInt16LE(channels * bytes, 68);
  header.writeUInt16LE(8 * bytes, 70);
  header.write("data", 72, "latin1");
  header.writeUInt32LE(isLong ? 0xffff_ffff : dataBytes, 76);
  return header;
};

/** Doubles the width of what is in the file, from its end to its beginning, so that nothing is overwritten before it is read. */
const widen = async (file: FileHandle, samples: number): Promise<void> => {
  for (let end = samples; end > 0;) {
    const start = Math.max(0, end - piece);
    const bytes = Buffer.alloc(integer.bytes * (end - start));
    await file.read(bytes, 0, bytes.length, headerBytes + integer.bytes * start);
    const wide = Buffer.alloc(2 * bytes.length);
    for (let index = 0; index < end - start; index++)
      wide.writeFloatLE(bytes.readInt16LE(2 * index) / 32_768, 4 * index);
    await writeFully(file, wide, headerBytes + float.bytes * start);
    end = start;
  }
};

/**
 * Begins a file: of integers of 16 bits where all samples are such, of 32-bit float otherwise, so that no sample changes.
 * @throws the file system's error
 */
export const createWavFile = async (
  path: string,
  { channels, sampleRateHz }: { readonly channels: number; readonly sampleRateHz: number },
): Promise<WavFile> => {
  const file = await open(path, "w+");
  // One for the whole file: what is thrown away by the megabyte stays in memory for long.
  const bytes = Buffer.alloc(piece * float.bytes);
  const atOnce = Math.floor(piece / channels);
  let [encoding, frames] = [integer, 0];
  return {
    frames: () => frames,
    append: async (block) => {
      if (encoding === integer && !block.every(areIntegers16)) {
        await widen(file, frames * channels);
        encoding = float;
      }
      const length = block[0]?.length ?? 0;
      for (let from = 0; from < length; from += atOnce) {
        const used = interleave(bytes, block, { from, to: Math.min(length, from + atOnce) }, encoding);
        await writeFully(file, bytes.subarray(0, used), headerBytes + (frames + from) * channels * encoding.bytes);
      }
      frames += length;
    },
    finish: async () => {
      try {
        const dataBytes = frames * channels * encoding.bytes;
        await writeFully(file, headerOf(dataBytes, channels, sampleRateHz, encoding), 0);
      } finally {
        await file.close();
      }
    },
  };
};
