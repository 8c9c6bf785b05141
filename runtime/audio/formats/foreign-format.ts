import { type ByteSource, textOf } from "./byte-source.ts";

/** A format that is not decoded here but by ffmpeg. */
export interface ForeignFormat {
  /** For people. */
  readonly name: string;
  /** What ffmpeg calls it: it is told, and not left to guess. */
  readonly demuxer: string;
  /** How long what the encoder put before the sound is, where neither the file nor ffmpeg takes it away. */
  readonly delaySeconds?: number;
}

interface Signature extends ForeignFormat {
  readonly text: string;
  readonly at?: number;
}

const signatures: readonly Signature[] = [
  { text: "ftyp", at: 4, name: "MP4", demuxer: "mov" },
  { text: "moov", at: 4, name: "QuickTime", demuxer: "mov" },
  { text: "mdat", at: 4, name: "QuickTime", demuxer: "mov" },
  { text: "\x1a\x45\xdf\xa3", name: "Matroska", demuxer: "matroska" },
  { text: "ADIF", name: "AAC", demuxer: "aac" },
  { text: "#!AMR", name: "AMR", demuxer: "amr" },
  { text: "\x30\x26\xb2\x75\x8e\x66\xcf\x11", name: "Windows Media", demuxer: "asf" },
  { text: "AVI ", at: 8, name: "AVI", demuxer: "avi" },
  { text: "WAVE", at: 8, name: "WAV of another encoding", demuxer: "wav" },
  { text: "OggS", name: "Ogg of another codec", demuxer: "ogg" },
  { text: "FORM", name: "AIFC of another encoding", demuxer: "aiff" },
  { text: "caff", name: "CAF of another encoding", demuxer: "caf" },
  { text: ".snd", name: "AU of another encoding", demuxer: "au" },
  { text: "NIST_1A", name: "NIST SPHERE", demuxer: "nistsphere" },
  { text: "MAC ", name: "Monkey's Audio", demuxer: "ape" },
  { text: "wvpk", name: "WavPack", demuxer: "wv" },
  { text: "TTA1", name: "True Audio", demuxer: "tta" },
  { text: "MPCK", name: "Musepack", demuxer: "mpc8" },
  { text: "MP+", name: "Musepack", demuxer: "mpc" },
  { text: "tBaK", name: "TAK", demuxer: "tak" },
  { text: "DSD ", name: "DSD", demuxer: "dsf" },
  { text: "Creative Voice ", name: "Creative Voice", demuxer: "voc" },
  { text: "FLV\x01", name: "Flash video", demuxer: "flv" },
  { text: ".RMF", name: "RealMedia", demuxer: "rm" },
  { text: "\x0b\x77", name: "AC-3", demuxer: "ac3" },
  { text: "\x7f\xfe\x80\x01", name: "DTS", demuxer: "dts" },
  { text: "\0\0\x01\xba", name: "MPEG video", demuxer: "mpeg" },
];

/** Rates by their number in a frame of AAC (ISO/IEC 14496-3, table 1.18). */
const adtsRatesHz = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
] as const;
/** A frame: each overlaps the next, so that no encoder puts less before the sound. */
const leastAdtsDelay = 1024;

/** Frames of AAC open with 12 bits of sync and no layer; two at their distance are no accident. */
const openAdts = async (source: ByteSource): Promise<ForeignFormat | undefined> => {
  let offset = 0;
  let rateHz: number | undefined;
  for (let count = 0; count < 2 && offset !== source.size; count++) {
    const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0] = await source.read(offset, 7);
    if (first !== 0xff || (second & 0xf6) !== 0xf0) return undefined;
    rateHz = adtsRatesHz[(third >> 2) & 15];
    offset += ((fourth & 3) << 11) | (fifth << 3) | (sixth >> 5);
  }
  return { name: "AAC", demuxer: "aac", ...(rateHz === undefined ? {} : { delaySeconds: leastAdtsDelay / rateHz }) };
};

const isTransportStream = async (source: ByteSource): Promise<boolean> => {
  const bytes = await source.read(0, 2 * 188 + 1);
  return [0, 188, 376].every((at) => bytes[at] === 0x47);
};

/** What a file is that ffmpeg may read; undefined where its first bytes do not say. */
export const foreignFormat = async (source: ByteSource): Promise<ForeignFormat | undefined> => {
  const bytes = await source.read(0, 16);
  const found = signatures.find(({ text, at = 0 }) => textOf(bytes.subarray(at, at + text.length)) === text);
  if (found !== undefined) return found;
  const adts = await openAdts(source);
  if (adts !== undefined) return adts;
  return (await isTransportStream(source)) ? { name: "MPEG transport stream", demuxer: "mpegts" } : undefined;
};
