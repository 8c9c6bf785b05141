import { AudioFault } from "../audio-fault.ts";
import { textOf, viewOf } from "../byte-source.ts";
import type { PacketCodec } from "./packet-decoder.ts";

/** Whatever rate was recorded: Opus decodes to this one. */
const sampleRateHz = 48_000;

/**
 * Opus by its identification header (RFC 7845, section 5.1).
 * @returns undefined where it is another packet
 * @throws AudioFault
 */
export const opusCodec = (header: Uint8Array): PacketCodec | undefined => {
  if (textOf(header.subarray(0, 8)) !== "OpusHead") return undefined;
  const view = viewOf(header);
  const fail = (): never => {
    throw new AudioFault("the file is corrupt: its Opus header cannot be read");
  };
  if (header.length < 19 || view.getUint8(8) > 15) return fail();
  const channels = view.getUint8(9);
  const preSkip = view.getUint16(10, true);
  const outputGain = view.getInt16(16, true);
  const family = view.getUint8(18);
  // Families 2 and 3 are sound fields, not loudspeakers.
  if (family === 2 || family === 3) throw new AudioFault("this is Opus of ambisonics, which is not supported");
  if (channels === 0 || (family === 0 && channels > 2) || (family !== 0 && header.length < 21 + channels))
    return fail();
  const mapping = family === 0 ? [0, 1].slice(0, channels) : [...header.subarray(21, 21 + channels)];
  const [streams, coupled] = family === 0 ? [1, channels - 1] : [view.getUint8(19), view.getUint8(20)];
  if (streams === 0 || coupled > streams || mapping.some((index) => index !== 255 && index >= streams + coupled)) {
    return fail();
  }
  const open: PacketCodec["open"] = async () => {
    // Loaded by who meets the format, here as in the other formats: each is code, and memory, in every thread that decodes.
    const { createOpusDecoder } = await import("@audio/decode-opus/core");
    const decoder = await createOpusDecoder();
    decoder.configure({
      channels,
      streamCount: streams,
      coupledStreamCount: coupled,
      channelMappingTable: mapping,
      outputGain,
    });
    return {
      // oxlint-disable-next-line typescript/require-await -- other codecs wait
      decode: async (packets) => {
        const { channelData, errors } = decoder.decodeFrames([...packets]);
        if (errors.length > 0) throw new AudioFault("the file is corrupt: a packet of it cannot be decoded");
        return channelData;
      },
      free: () => decoder.free(),
    };
  };
  return { format: "Opus", sampleRateHz, channels, preSkip, open };
};
