import decode from "audio-decode";
import type { DecodedAudio } from "./decoded-audio.ts";

/** Decodes by WebAssembly codecs, which on broken input give nothing or throw errors of their own making (audio-decode 3.12). */
export const decodeCompressed = async (bytes: Uint8Array): Promise<DecodedAudio | string> => {
  const decoded = await decode(bytes).catch(() => undefined);
  if (decoded === undefined || decoded.channelData.length === 0)
    return "the file is corrupt: nothing in it can be decoded";
  return { channels: decoded.channelData, sampleRateHz: decoded.sampleRate };
};
