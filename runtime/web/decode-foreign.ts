import type { Checked } from "../library/check-arguments.ts";
import type { Decoded } from "../library/create-model.ts";
import { UserError } from "../user-error.ts";
import { fetchFile } from "./fetch-file.ts";

/** The browser resamples what it decodes, to this: what films and phones record at. */
const sampleRateHz = 48_000;

/** It decodes files as a whole: of the usual AAC half an hour, which are 700 MB then. */
const mostBytes = 32e6;

const blobOf = async (clip: Checked): Promise<Blob | undefined> => {
  if ("blob" in clip) return clip.blob;
  if ("bytes" in clip) return new Blob([clip.bytes as Uint8Array<ArrayBuffer>]);
  return "path" in clip ? (await fetchFile(clip.path)).blob() : undefined;
};

/**
 * Has the browser decode a clip of a format that the threads do not decode, such as MP4.
 * @param failure why they have not read it
 * @returns undefined where that is no matter of the format, or the browser does not decode it either
 */
export const decodeForeign = async (clip: Checked, failure: unknown): Promise<Decoded | undefined> => {
  if (!(failure instanceof UserError)) return undefined;
  const { path, foreign } = failure.facts;
  if (typeof foreign !== "string") return undefined;
  const blob = await blobOf(clip);
  if (blob === undefined) return undefined;
  if (blob.size > mostBytes) {
    throw new UserError(
      "audio-malformed",
      failure.facts,
      `this is ${foreign}, of which the browser decodes 32 MB at most; save the clip as WAV or FLAC`,
    );
  }
  try {
    const context = new OfflineAudioContext({ length: 1, sampleRate: sampleRateHz });
    const sound = await context.decodeAudioData(await blob.arrayBuffer());
    const channels = Array.from({ length: sound.numberOfChannels }, (_, index) => sound.getChannelData(index));
    return {
      clip: { sound: { name: path ?? "clip", channels, sampleRateHz, frames: sound.length } },
      note: `it was decoded by the browser, at ${sampleRateHz} Hz`,
    };
  } catch {
    return undefined;
  }
};
