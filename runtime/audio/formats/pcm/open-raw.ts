import type { AudioStream, AudioTools } from "../audio-stream.ts";
import type { ByteSource } from "../byte-source.ts";
import { aLaw, floatEncoding, integerEncoding, muLaw, type SampleEncoding, unsignedBytes } from "./sample-encoding.ts";
import type { SampleFormat } from "./sample-formats.ts";
import { interleaved, requireChannels, streamPackets } from "./stream-packets.ts";

const encodings: Readonly<Record<SampleFormat, SampleEncoding>> = {
  u8: unsignedBytes,
  s8: integerEncoding(1, true),
  s16le: integerEncoding(2, true),
  s16be: integerEncoding(2, false),
  s24le: integerEncoding(3, true),
  s24be: integerEncoding(3, false),
  s32le: integerEncoding(4, true),
  s32be: integerEncoding(4, false),
  f32le: floatEncoding(4, true),
  f32be: floatEncoding(4, false),
  f64le: floatEncoding(8, true),
  f64be: floatEncoding(8, false),
  alaw: aLaw,
  mulaw: muLaw,
};

/** What bytes without a header are to be known by. */
export interface RawLayout {
  readonly sampleFormat: SampleFormat;
  readonly sampleRateHz: number;
  /** Interleaved. */
  readonly channels: number;
}

/** Samples without a header. @throws AudioFault where there can be no such channels */
export const openRaw = (
  source: ByteSource,
  { sampleFormat, sampleRateHz, channels }: RawLayout,
  tools: AudioTools,
): AudioStream => {
  requireChannels(channels);
  const { name, ...packets } = interleaved(encodings[sampleFormat], channels);
  const place = { start: 0, end: source.size, sampleRateHz, channels };
  return streamPackets(source, { ...packets, ...place, format: `raw ${name}` }, tools);
};
