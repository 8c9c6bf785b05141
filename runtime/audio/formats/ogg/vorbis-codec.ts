import type { OggVorbisDecoder } from "@wasm-audio-decoders/ogg-vorbis";
import { AudioFault } from "../audio-fault.ts";
import { textOf, viewOf } from "../byte-source.ts";
import type { PacketCodec } from "./packet-decoder.ts";

type OggPages = Parameters<OggVorbisDecoder["decodeOggPages"]>[0];

/** Packets in the form that the decoder takes, as its own parser of Ogg would give them. */
const asPages = (identification: Uint8Array, setup: Uint8Array, packets: readonly Uint8Array[]): OggPages => {
  const codecFrames = packets.map((data) => ({ data, header: { vorbisSetup: setup } }));
  return [{ data: identification, codecFrames, isLastPage: false, totalSamples: 0 }] as unknown as OggPages;
};

/** What the decoder has room for. */
const largestPacketBytes = 128 * 1024;

export const isVorbisStart = (packet: Uint8Array): boolean => textOf(packet.subarray(0, 7)) === "\x01vorbis";

/**
 * Vorbis by its first and third header packets.
 * @throws AudioFault
 */
export const vorbisCodec = (identification: Uint8Array, setup: Uint8Array | undefined): PacketCodec => {
  const fail = (): never => {
    throw new AudioFault("the file is corrupt: its Vorbis header cannot be read");
  };
  if (identification.length < 30) return fail();
  const view = viewOf(identification);
  const [channels, sampleRateHz] = [view.getUint8(11), view.getUint32(12, true)];
  if (channels === 0 || sampleRateHz === 0) return fail();
  const open: PacketCodec["open"] = async () => {
    if (setup === undefined || textOf(setup.subarray(0, 7)) !== "\x05vorbis" || setup.length > largestPacketBytes) {
      return fail();
    }
    const vorbis = await import("@wasm-audio-decoders/ogg-vorbis");
    const decoder = new vorbis.OggVorbisDecoder();
    await decoder.ready;
    return {
      decode: async (packets) => {
        if (packets.some(({ length }) => length > largestPacketBytes)) return fail();
        const { channelData, errors } = await decoder.decodeOggPages(asPages(identification, setup, packets));
        if (errors.length > 0) throw new AudioFault("the file is corrupt: a packet of it cannot be decoded");
        return channelData;
      },
      free: () => decoder.free(),
    };
  };
  return { format: "Vorbis", sampleRateHz, channels, preSkip: 0, open };
};
