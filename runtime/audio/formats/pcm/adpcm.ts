/** Adaptive differences, 4 bits a sample, in blocks that decode on their own. Each gives one array per channel, in [-1, 1). */
import { viewOf } from "../byte-source.ts";

/** How a packet of bytes holds samples. */
export interface PacketCoding {
  readonly name: string;
  /** Of a packet; the last one of a file may be shorter. */
  readonly framesOf: (bytes: number) => number;
  /** A packet's samples: one array per channel, lent until the next packet is decoded. */
  readonly decodePacket: (packet: Uint8Array) => readonly Float32Array[];
}

/** Such as tells what a packet has before its first difference. */
export interface BlockCoding extends PacketCoding {
  readonly headerBytes: number;
}

const imaSteps = [
  7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107, 118,
  130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963, 1060,
  1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484,
  7132, 7845, 8630, 9493, 10_442, 11_487, 12_635, 13_899, 15_289, 16_818, 18_500, 20_350, 22_385, 24_623, 27_086,
  29_794, 32_767,
];
const imaIndexChanges = [-1, -1, -1, -1, 2, 4, 6, 8];

const clamp = (value: number, least: number, most: number): number => Math.max(least, Math.min(most, value));
const clamp16 = (value: number): number => clamp(value, -32_768, 32_767);

/** One channel's state. */
const createIma = (first: number, firstIndex: number): ((code: number) => number) => {
  let value = first;
  let index = clamp(firstIndex, 0, 88);
  return (code) => {
    const step = imaSteps[index] ?? 0;
    const size = (step >> 3) + (code & 4 ? step : 0) + (code & 2 ? step >> 1 : 0) + (code & 1 ? step >> 2 : 0);
    value = clamp16(code & 8 ? value - size : value + size);
    index = clamp(index + (imaIndexChanges[code & 7] ?? 0), 0, 88);
    return value / 2 ** 15;
  };
};

/** IMA ADPCM as WAV has it: per channel its first sample and step; then 4 bytes of each channel in turn, the low half first. */
export const imaOfWav = (channels: number): BlockCoding => {
  const headerBytes = 4 * channels;
  const framesOf = (bytes: number): number =>
    bytes < headerBytes ? 0 : 1 + 8 * Math.floor((bytes - headerBytes) / headerBytes);
  const decodePacket: PacketCoding["decodePacket"] = (packet) => {
    const view = viewOf(packet);
    const frames = framesOf(packet.length);
    return Array.from({ length: channels }, (_, channel) => {
      const samples = new Float32Array(frames);
      const first = view.getInt16(4 * channel, true);
      const next = createIma(first, view.getUint8(4 * channel + 2));
      samples[0] = first / 2 ** 15;
      for (let index = 1; index < frames; index++) {
        const code = index - 1;
        const byte = 4 * channels * (1 + (code >> 3)) + 4 * channel + ((code & 7) >> 1);
        samples[index] = next((view.getUint8(byte) >> (4 * (code & 1))) & 15);
      }
      return samples;
    });
  };
  return { name: "IMA ADPCM", headerBytes, framesOf, decodePacket };
};

const appleBytes = 34;
const appleFrames = 64;

/** IMA ADPCM as QuickTime has it: per channel 34 bytes: 9 bits of the first prediction, 7 of the step, 64 samples. */
export const imaOfApple = (channels: number): PacketCoding & { readonly packetBytes: number } => {
  const packetBytes = appleBytes * channels;
  return {
    name: "IMA ADPCM",
    packetBytes,
    framesOf: (bytes) => appleFrames * Math.floor(bytes / packetBytes),
    decodePacket: (packet) => {
      const view = viewOf(packet);
      return Array.from({ length: channels }, (_, channel) => {
        const start = appleBytes * channel;
        const preamble = view.getInt16(start, false);
        const next = createIma(preamble & ~127, preamble & 127);
        return Float32Array.from({ length: appleFrames }, (_, index) =>
          next((view.getUint8(start + 2 + (index >> 1)) >> (4 * (index & 1))) & 15),
        );
      });
    },
  };
};

const microsoftSteps = [230, 230, 230, 230, 307, 409, 512, 614, 768, 614, 512, 409, 307, 230, 230, 230];
/** What every encoder writes, for files whose format chunk leaves them out. */
const usualCoefficients: readonly (readonly [number, number])[] = [
  [256, 0],
  [512, -256],
  [0, 0],
  [192, 64],
  [240, 0],
  [460, -208],
  [392, -232],
];

/**
 * Microsoft's ADPCM: per channel a predictor, a step and two samples; then half bytes, channel by channel, the high half first.
 * @param stated the file's own pairs of weights; where it has none, every encoder's
 */
export const microsoftAdpcm = (channels: number, stated: readonly (readonly [number, number])[]): BlockCoding => {
  const coefficients = stated.length > 0 ? stated : usualCoefficients;
  const headerBytes = 7 * channels;
  const framesOf = (bytes: number): number =>
    bytes < headerBytes ? 0 : 2 + Math.floor((2 * (bytes - headerBytes)) / channels);
  const decodePacket: PacketCoding["decodePacket"] = (packet) => {
    const view = viewOf(packet);
    const frames = framesOf(packet.length);
    return Array.from({ length: channels }, (_, channel) => {
      const [weight1, weight2] = coefficients[view.getUint8(channel)] ?? [0, 0];
      let step = view.getInt16(channels + 2 * channel, true);
      let last = view.getInt16(3 * channels + 2 * channel, true);
      let before = view.getInt16(5 * channels + 2 * channel, true);
      const samples = new Float32Array(frames);
      samples[0] = before / 2 ** 15;
      samples[1] = last / 2 ** 15;
      for (let index = 2; index < frames; index++) {
        const half = (index - 2) * channels + channel;
        const code = (view.getUint8(7 * channels + (half >> 1)) >> (half & 1 ? 0 : 4)) & 15;
        const predicted = (last * weight1 + before * weight2) >> 8;
        const value = clamp16(predicted + (code & 8 ? code - 16 : code) * step);
        step = Math.max(16, ((microsoftSteps[code] ?? 0) * step) >> 8);
        [before, last] = [last, value];
        samples[index] = value / 2 ** 15;
      }
      return samples;
    });
  };
  return { name: "Microsoft ADPCM", headerBytes, framesOf, decodePacket };
};
