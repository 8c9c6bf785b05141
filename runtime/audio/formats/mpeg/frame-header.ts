/** The four bytes that open a frame of MPEG audio (ISO/IEC 11172-3, section 2.4.1.3, and 13818-3). */
export interface MpegHeader {
  readonly layer: 1 | 2 | 3;
  readonly sampleRateHz: number;
  readonly channels: 1 | 2;
  /** Samples per channel. */
  readonly samples: number;
  /** Undefined for free format, where only the next frame tells. */
  readonly bytes: number | undefined;
  /** Where an encoder's information tag would lie: after the header and the side information. */
  readonly tagOffset: number;
  /** The bits that all frames of a stream share. */
  readonly kind: number;
}

/** In kbit/s, by layer, for version 1 and for 2 and 2.5. */
const bitRates: Readonly<Record<string, readonly number[]>> = {
  "1/1": [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  "1/2": [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  "1/3": [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  "2/1": [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  "2/2": [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  "2/3": [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};
const sampleRates = [44_100, 48_000, 32_000];

/** @returns undefined where these bytes open no frame */
export const readMpegHeader = (bytes: Uint8Array, at = 0): MpegHeader | undefined => {
  const [sync = 0, b = 0, c = 0, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  if (sync !== 0xff || b < 0xe0 || d === undefined) return undefined;
  const versionCode = (b >> 3) & 3; // 0: 2.5, 2: 2, 3: 1
  const layerCode = (b >> 1) & 3;
  const rate = sampleRates[(c >> 2) & 3];
  if (versionCode === 1 || layerCode === 0 || rate === undefined || c >> 4 === 15 || (d & 3) === 2) return undefined;
  const layer = (4 - layerCode) as 1 | 2 | 3;
  const version = versionCode === 3 ? 1 : 2;
  const sampleRateHz = rate / (versionCode === 3 ? 1 : versionCode === 2 ? 2 : 4);
  const bitRate = 1000 * (bitRates[`${version}/${layer}`]?.[c >> 4] ?? 0);
  const padding = (c >> 1) & 1;
  const samples = layer === 1 ? 384 : layer === 3 && version === 2 ? 576 : 1152;
  const channels = d >> 6 === 3 ? 1 : 2;
  const slots = Math.floor((samples * bitRate) / (layer === 1 ? 32 : 8) / sampleRateHz) + padding;
  const side = version === 1 ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17;
  return {
    layer,
    sampleRateHz,
    channels,
    samples,
    bytes: bitRate === 0 ? undefined : slots * (layer === 1 ? 4 : 1),
    tagOffset: 4 + side,
    kind: (b & 0xfe) * 256 + (c & 0x0c),
  };
};
