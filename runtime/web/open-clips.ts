/** Reads the clips of a training, as far as the model hears them, in threads of their own. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { createClipThreads } from "../audio/create-clip-loader.ts";
import { type ClipSurvey, createClipSurvey } from "../audio/create-clip-survey.ts";
import { fingerprint } from "../audio/fingerprint.ts";
import type { ClipRequirements } from "../audio/load-clip.ts";
import { loadAhead } from "../data/load-ahead.ts";
import { describeFaults } from "../data/unreadable-clips.ts";
import { type Checked, nameOf } from "../library/check-arguments.ts";
import { readClip } from "../library/read-clip.ts";
import { orUserError, UserError } from "../user-error.ts";
import type { ListedClip } from "./check-train-options.ts";
import { decodeForeign } from "./decode-foreign.ts";
import { webThreads } from "./threads.ts";
import type { OpenedClip } from "./training-messages.ts";

/** Clips that are read at a time. */
const readAtOnce = 8;

const fingerprintOf = async (clip: Checked): Promise<string | undefined> => {
  const hash = (bytes: Uint8Array): string => bytesToHex(sha256(bytes));
  if ("blob" in clip) {
    const { blob } = clip;
    const read = async (offset: number, length: number) =>
      new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    return fingerprint(blob.size, read, hash);
  }
  if (!("bytes" in clip)) return undefined;
  const { bytes } = clip;
  return fingerprint(bytes.length, async (offset, length) => bytes.subarray(offset, offset + length), hash);
};

export interface OpenedClips {
  readonly clips: readonly OpenedClip[];
  /** What is to be said of them. */
  readonly notes: readonly string[];
}

/**
 * @param onOpened told how many are read
 * @throws UserError that lists the clips that cannot be read, or with the signal's reason
 */
export const openClips = async (
  listed: readonly ListedClip[],
  requirements: Required<ClipRequirements>,
  stop: AbortSignal,
  onOpened: (clips: number) => void,
): Promise<OpenedClips> => {
  const clipThreads = createClipThreads(webThreads, {});
  const survey: ClipSurvey = createClipSurvey(requirements.sampleRateHz);
  const read = (clip: Checked) => readClip(clip, { threads: webThreads, clipThreads, requirements, stop });
  const open = async ({ clip, ...others }: ListedClip): Promise<OpenedClip | UserError> =>
    orUserError(async () => {
      const loaded = await read(clip).catch(async (error: unknown) => {
        const decoded = await decodeForeign(clip, error);
        if (!decoded) throw error;
        const again = await read(decoded.clip);
        return { ...again, notes: [...again.notes, decoded.note] };
      });
      survey.add(nameOf(clip), loaded);
      return { name: nameOf(clip), ...others, samples: loaded.samples, fingerprint: await fingerprintOf(clip) };
    });
  try {
    const clips: OpenedClip[] = [];
    const faults: UserError[] = [];
    for await (const opened of loadAhead(listed, open, readAtOnce)) {
      stop.throwIfAborted();
      if (opened instanceof UserError) faults.push(opened);
      else clips.push(opened);
      onOpened(clips.length + faults.length);
    }
    if (faults.length > 0) {
      const names = faults.map(({ facts }) => facts.path ?? "");
      const told = describeFaults(
        faults.map(({ message }) => message),
        listed.length,
      );
      throw new UserError("clips-unreadable", { clips: names, isBegun: false }, told);
    }
    return { clips, notes: [...survey.describeUnheard(), ...survey.describeNotes()] };
  } finally {
    await clipThreads.close();
  }
};
