/** One frame of FLAC (RFC 9639, section 9). */
import { AudioFault } from "../audio-fault.ts";
import { type BitReader, createBitReader, OutOfBytes } from "./bit-reader.ts";

/** What a stream says of all its frames. */
export interface StreamInfo {
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly bitsPerSample: number;
  readonly largestBlock: number;
  /** Per channel; 0 where the encoder did not know it. */
  readonly frames: number;
  /** Of the samples as interleaved little-endian integers, hexadecimal; all zeros where the encoder did not compute it. */
  readonly md5: string;
}

export interface FlacFrame {
  /** One array of integers per channel. */
  readonly channels: readonly Float64Array[];
  /** Where it ends. */
  readonly end: number;
  /** The place of its first sample in the stream. */
  readonly firstSample: number;
}

const polynomialTable = (bits: 8 | 16, polynomial: number): Uint16Array =>
  Uint16Array.from({ length: 256 }, (_, index) => {
    let crc = index << (bits - 8);
    for (let bit = 0; bit < 8; bit++) crc = crc & (1 << (bits - 1)) ? (crc << 1) ^ polynomial : crc << 1;
    return crc;
  });
const crc8Table = polynomialTable(8, 0x07);
const crc16Table = polynomialTable(16, 0x8005);

const crc8 = (bytes: Uint8Array, start: number, end: number): number => {
  let crc = 0;
  for (let index = start; index < end; index++) crc = (crc8Table[crc ^ (bytes[index] ?? 0)] ?? 0) & 0xff;
  return crc;
};

const crc16 = (bytes: Uint8Array, start: number, end: number): number => {
  let crc = 0;
  for (let index = start; index < end; index++) {
    crc = ((crc << 8) ^ (crc16Table[(crc >> 8) ^ (bytes[index] ?? 0)] ?? 0)) & 0xffff;
  }
  return crc;
};

const sampleRates = [0, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
const sampleBits = [0, 8, 12, -1, 16, 20, 24, 32];

interface FrameHeader {
  readonly blockSize: number;
  /** 0: as the stream says. */
  readonly sampleRateHz: number;
  readonly bitsPerSample: number;
  readonly channelCode: number;
  readonly firstSample: number;
}

/** A number written as UTF-8 would write a code point, of up to 36 bits. */
const readCodedNumber = (bits: BitReader): number | undefined => {
  const first = bits.unsigned(8);
  if (first < 0x80) return first;
  const ones = Math.clz32(~(first << 24));
  if (ones < 2 || ones > 7) return undefined;
  let value = first & ((1 << (7 - ones)) - 1);
  if (ones === 7) value = 0;
  for (let index = 1; index < ones; index++) {
    const next = bits.unsigned(8);
    if (next >> 6 !== 2) return undefined;
    value = value * 64 + (next & 63);
  }
  return value;
};

/** @returns undefined where no frame starts here */
const readHeader = (bytes: Uint8Array, start: number, bits: BitReader, info: StreamInfo): FrameHeader | undefined => {
  if (bits.unsigned(15) !== 0x7ffc) return undefined;
  const isVariable = bits.unsigned(1) === 1;
  const sizeCode = bits.unsigned(4);
  const rateCode = bits.unsigned(4);
  const channelCode = bits.unsigned(4);
  const bitsCode = bits.unsigned(3);
  const reserved = bits.unsigned(1);
  if (sizeCode === 0 || rateCode === 15 || channelCode > 10 || bitsCode === 3 || reserved === 1) return undefined;
  const number = readCodedNumber(bits);
  if (number === undefined) return undefined;
  const blockSize = readBlockSize(sizeCode, bits);
  const sampleRateHz = readSampleRate(rateCode, bits);
  bits.align();
  const end = bits.position();
  if (crc8(bytes, start, end) !== bits.unsigned(8)) return undefined;
  return {
    blockSize,
    sampleRateHz,
    bitsPerSample: sampleBits[bitsCode] || info.bitsPerSample,
    channelCode,
    firstSample: isVariable ? number : number * info.largestBlock,
  };
};

const readBlockSize = (code: number, bits: BitReader): number => {
  if (code === 1) return 192;
  if (code <= 5) return 576 * 2 ** (code - 2);
  if (code <= 7) return bits.unsigned(8 * (code - 5)) + 1;
  return 256 * 2 ** (code - 8);
};

const readSampleRate = (code: number, bits: BitReader): number => {
  if (code === 12) return 1000 * bits.unsigned(8);
  if (code > 12) return bits.unsigned(16) * (code === 14 ? 10 : 1);
  return sampleRates[code] ?? 0;
};

const fixedCoefficients = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]];

class BadFrame extends Error {}

const readResidual = (bits: BitReader, samples: Float64Array, order: number): void => {
  const method = bits.unsigned(2);
  if (method > 1) throw new BadFrame();
  const parameterBits = method === 0 ? 4 : 5;
  const escape = 2 ** parameterBits - 1;
  const partitions = 2 ** bits.unsigned(4);
  const size = samples.length / partitions;
  if (!Number.isInteger(size) || size < order) throw new BadFrame();
  for (let partition = 0; partition < partitions; partition++) {
    const end = (partition + 1) * size;
    const parameter = bits.unsigned(parameterBits);
    const plainBits = parameter === escape ? bits.unsigned(5) : 0;
    const unit = 2 ** parameter;
    for (let index = Math.max(order, partition * size); index < end; index++) {
      if (parameter === escape) {
        samples[index] = bits.signed(plainBits);
        continue;
      }
      const folded = bits.unary() * unit + bits.unsigned(parameter);
      samples[index] = folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
    }
  }
};

/** Adds to each residual what the samples before it predict. Sums stay exact in float64: 32 terms of 33 and 15 bits. */
const restore = (samples: Float64Array, coefficients: readonly number[], shift: number): void => {
  const order = coefficients.length;
  const divisor = 2 ** shift;
  for (let index = order; index < samples.length; index++) {
    let sum = 0;
    for (let tap = 0; tap < order; tap++) sum += (coefficients[tap] ?? 0) * (samples[index - 1 - tap] ?? 0);
    samples[index] = (samples[index] ?? 0) + Math.floor(sum / divisor);
  }
};

const readSubframe = (bits: BitReader, blockSize: number, sampleBits: number): Float64Array => {
  if (bits.unsigned(1) !== 0) throw new BadFrame();
  const type = bits.unsigned(6);
  const wasted = bits.unsigned(1) === 1 ? bits.unary() + 1 : 0;
  const width = sampleBits - wasted;
  if (width < 1) throw new BadFrame();
  const samples = new Float64Array(blockSize);
  const readWarmUp = (order: number): void => {
    if (order > blockSize) throw new BadFrame();
    for (let index = 0; index < order; index++) samples[index] = bits.signed(width);
  };
  if (type === 0) samples.fill(bits.signed(width));
  else if (type === 1) for (let index = 0; index < blockSize; index++) samples[index] = bits.signed(width);
  else if (type >= 8 && type <= 12) {
    readWarmUp(type - 8);
    readResidual(bits, samples, type - 8);
    restore(samples, fixedCoefficients[type - 8] ?? [], 0);
  } else if (type >= 32) {
    const order = type - 31;
    readWarmUp(order);
    const precision = bits.unsigned(4) + 1;
    const shift = bits.signed(5);
    if (precision === 16 || shift < 0) throw new BadFrame();
    const coefficients = Array.from({ length: order }, () => bits.signed(precision));
    readResidual(bits, samples, order);
    restore(samples, coefficients, shift);
  } else throw new BadFrame();
  if (wasted > 0) for (let index = 0; index < blockSize; index++) samples[index] = (samples[index] ?? 0) * 2 ** wasted;
  return samples;
};

const sides = { left: 8, right: 9, middle: 10 } as const;

const readChannels = (bits: BitReader, { channelCode, blockSize, bitsPerSample }: FrameHeader): Float64Array[] => {
  if (channelCode < 8) {
    return Array.from({ length: channelCode + 1 }, () => readSubframe(bits, blockSize, bitsPerSample));
  }
  // The difference of two channels takes one bit more.
  const first = readSubframe(bits, blockSize, bitsPerSample + (channelCode === sides.right ? 1 : 0));
  const second = readSubframe(bits, blockSize, bitsPerSample + (channelCode === sides.right ? 0 : 1));
  for (let index = 0; index < blockSize; index++) {
    const [a, b] = [first[index] ?? 0, second[index] ?? 0];
    if (channelCode === sides.left) second[index] = a - b;
    else if (channelCode === sides.right) first[index] = a + b;
    else {
      const doubled = 2 * a + Math.abs(b % 2);
      first[index] = (doubled + b) / 2;
      second[index] = (doubled - b) / 2;
    }
  }
  return [first, second];
};

/**
 * Decodes the frame at `start`.
 * @returns undefined where no frame starts there
 * @throws OutOfBytes where it reaches beyond the bytes; AudioFault where it is corrupt, or not of this stream
 */
export const decodeFrame = (bytes: Uint8Array, start: number, info: StreamInfo): FlacFrame | undefined => {
  const bits = createBitReader(bytes, start);
  const header = readHeader(bytes, start, bits, info);
  if (header === undefined) return undefined;
  const channelCount = header.channelCode < 8 ? header.channelCode + 1 : 2;
  const rate = header.sampleRateHz || info.sampleRateHz;
  if (
    channelCount !== info.channels ||
    header.bitsPerSample !== info.bitsPerSample ||
    rate !== info.sampleRateHz ||
    header.blockSize > info.largestBlock
  ) {
    throw new AudioFault("the file is corrupt: its frames are not as its stream information says");
  }
  try {
    const channels = readChannels(bits, header);
    bits.align();
    const end = bits.position();
    if (bits.unsigned(16) !== crc16(bytes, start, end)) throw new BadFrame();
    return { channels, end: end + 2, firstSample: header.firstSample };
  } catch (error) {
    if (error instanceof OutOfBytes) throw error;
    if (!(error instanceof BadFrame)) throw error;
    throw new AudioFault(`the file is corrupt: its frame at sample ${header.firstSample} does not match its checksum`);
  }
};
