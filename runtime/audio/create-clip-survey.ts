import { plural } from "../../compiler/artifact/plural.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import type { LoadedClip } from "./load-clip.ts";

/** What a run says of its clips, once, rather than of each. */
export interface ClipSurvey {
  /** Takes a clip in; one that is read again counts once. */
  readonly add: (path: string, clip: Pick<LoadedClip, "samples" | "clipSamples" | "notes">) => void;
  /** How many clips the model hears in part only, and how much it does not hear; empty where it hears all. */
  readonly describeUnheard: () => readonly string[];
  /** What is odd about the files: each thing once, with the first clip of the kind. */
  readonly describeNotes: () => readonly string[];
}

/** What is odd about files: each thing once, with the first clip of the kind. */
export interface ClipNotes {
  readonly add: (path: string, notes: readonly string[]) => void;
  readonly describe: () => readonly string[];
}

export const createClipNotes = (): ClipNotes => {
  const found = new Map<string, { readonly first: string; clips: number }>();
  return {
    add: (path, notes) => {
      for (const note of notes) {
        const known = found.get(note);
        if (known) known.clips += 1;
        else found.set(note, { first: path, clips: 1 });
      }
    },
    describe: () =>
      Array.from(found, ([note, { first, clips }]) => {
        const others = clips === 1 ? "" : ` and ${clips - 1} other${clips === 2 ? "" : "s"}`;
        return printable(`${first}${others}: ${note}`);
      }),
  };
};

/** A rest as short as this is no loss worth a word. */
const unheardSecondsToTell = 0.05;

/**
 * Whether a clip goes on beyond what the model hears.
 * @param seconds of the whole clip; undefined where it is longer and its header does not say
 */
export const isHeardInPart = (heardSeconds: number, seconds: number | undefined): boolean =>
  seconds === undefined || seconds - heardSeconds > unheardSecondsToTell;

/** Starts a survey of clips at one rate. */
export const createClipSurvey = (sampleRateHz: number): ClipSurvey => {
  const seen = new Set<string>();
  const notes = createClipNotes();
  let longer = 0;
  let ofUnknownLength = 0;
  let heardSamples = 0;
  let allSamples = 0;
  let mostHeard = 0;
  return {
    add: (path, clip) => {
      if (seen.has(path)) return;
      seen.add(path);
      heardSamples += clip.samples.length;
      allSamples += clip.clipSamples ?? clip.samples.length;
      const { clipSamples } = clip;
      if (isHeardInPart(clip.samples.length / sampleRateHz, clipSamples && clipSamples / sampleRateHz)) {
        longer += 1;
        mostHeard = clip.samples.length;
      }
      if (clip.clipSamples === undefined) ofUnknownLength += 1;
      notes.add(path, clip.notes);
    },
    describeUnheard: () => {
      if (longer === 0) return [];
      const share = (100 * (1 - heardSamples / allSamples)).toFixed(1);
      const least = ofUnknownLength > 0 ? "at least " : "";
      const verb = plural(longer, "is", "are");
      return [
        `${longer} of ${seen.size} clips ${verb} longer than the ${(mostHeard / sampleRateHz).toFixed(1)} s that the model hears: ${least}${share} % of the sound is not heard`,
      ];
    },
    describeNotes: notes.describe,
  };
};
