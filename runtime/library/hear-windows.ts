import { readWindows } from "../audio/read-windows.ts";
import type { Recording } from "../audio/recording-source.ts";
import type { ReadWindow } from "../audio/serve-recording.ts";
import type { WindowOptions } from "../audio/windows.ts";
import { answersAbout, type SoundEvent, type WindowScores } from "../evaluate/answers.ts";
import { type EventOptions, findEvents } from "../evaluate/find-events.ts";
import { rankClasses } from "../evaluate/rank-classes.ts";
import { requireFiniteScores } from "../evaluate/require-finite-scores.ts";
import { smoothScores } from "../evaluate/smooth-scores.ts";
import type { Threads } from "../threads/threads.ts";
import { UserError } from "../user-error.ts";
import type { HeardWindow } from "./model.ts";
import type { Answers } from "./serve-model.ts";

/** The scores of clips, whose memory is handed over unless it is shared; they are computed in the model's turn. */
export type Run = (clips: readonly Float32Array[], stop: AbortSignal) => Promise<Answers["classify"]>;

/** Whether a sound is none of the classes, by how much it is like theirs; undefined where nothing is rejected. */
export const rejection = (
  likeness: number | undefined,
  leastLikeness: number | undefined,
): { readonly rejected?: boolean } =>
  leastLikeness === undefined ? {} : { rejected: (likeness ?? -Infinity) < leastLikeness };

export interface HearOptions extends WindowOptions {
  readonly classes: readonly string[];
  readonly top: number;
  /** Windows that are computed at once. */
  readonly batch: number;
  /** How many windows around each the median of scores is taken over; 1: none but its own. */
  readonly smooth: number;
  readonly isLive?: boolean | undefined;
  /** What is less like the classes' clips is rejected; undefined: nothing is. */
  readonly leastLikeness: number | undefined;
  readonly threads: Threads;
  readonly run: Run;
  readonly stop: AbortSignal;
  readonly note?: ((clause: string) => void) | undefined;
}

/**
 * What a model hears in a recording, window by window. What is heard before it breaks off is given first.
 * @throws UserError naming the recording, and saying how much of it was heard; why it was stopped
 */
export async function* hearWindows(
  recording: Recording,
  { classes, top, smooth, ...options }: HearOptions,
): AsyncGenerator<HeardWindow, void, undefined> {
  const scored = scoreWindows(recording, { classes, ...options });
  const windows = smooth === 1 ? scored : smoothScores(scored, smooth);
  for await (const { readAtMs, ...window } of windows) {
    const latencySeconds = Math.max(0, performance.timeOrigin + performance.now() - readAtMs) / 1000;
    const ranked = window.rejected === true ? [] : rankClasses(window.scores, classes, top);
    yield { ...window, top: ranked, latencySeconds };
  }
}

type ScoredWindow = WindowScores & Pick<ReadWindow, "readAtMs" | "skipped">;

async function* scoreWindows(
  recording: Recording,
  {
    classes,
    leastLikeness,
    threads,
    run,
    stop,
    note = () => undefined,
    ...options
  }: Omit<HearOptions, "top" | "smooth">,
): AsyncGenerator<ScoredWindow, void, undefined> {
  const { name } = recording;
  let heardSeconds = 0;
  try {
    for await (const group of readWindows(threads, recording, { ...options, stop, note })) {
      const { scores, likeness } = await run(
        group.map(({ samples }) => samples),
        stop,
      );
      requireFiniteScores(name, scores);
      for (const [row, { samples: _, ...window }] of group.entries()) {
        heardSeconds = window.endSeconds;
        const own = scores.slice(row * classes.length, (row + 1) * classes.length);
        yield { ...window, scores: own, ...rejection(likeness?.[row], leastLikeness) };
      }
    }
  } catch (error) {
    throw error instanceof UserError && heardSeconds > 0 ? brokenOff(name, error, heardSeconds) : error;
  }
}

const brokenOff = (path: string, cause: UserError, heardSeconds: number): UserError =>
  new UserError(
    "recording-broken-off",
    { path, heardSeconds, cause: cause.code },
    `${cause.sentence}; its first ${heardSeconds.toFixed(3)} s were heard`,
    { cause },
  );

/**
 * The events of a recording's windows, each as it ends.
 * @throws whatever `windows` throws, after the events until then
 */
export async function* hearEvents(
  windows: AsyncIterable<HeardWindow>,
  classes: readonly string[],
  options: EventOptions,
): AsyncGenerator<SoundEvent, void, undefined> {
  for await (const answer of findEvents(answersAbout("", windows), classes, options)) {
    if (answer.kind === "event") yield answer.event;
    else if (answer.kind === "failure") throw answer.error;
  }
}
