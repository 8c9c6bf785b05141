/** Events: stretches of a recording in which a class is heard, made of windows' scores. */
import { UserError } from "../user-error.ts";
import type { WindowAnswer, WindowScores } from "./classify-windows.ts";
import type { Score } from "./rank-classes.ts";

/** A stretch, and the highest score that its class has in a window of it. */
export interface SoundEvent extends Omit<WindowScores, "scores">, Score {}

export interface EventAnswer {
  readonly path: string;
  readonly answer: SoundEvent | UserError;
}

export interface EventOptions {
  /** The least score at which a class is heard in a window. */
  readonly threshold: number;
  /** Whether windows in a row that hear the same class are one event, from the start of the first to the end of the last. */
  readonly merge: boolean;
  /** Shorter events are left out. */
  readonly minSeconds: number;
}

/** What times lose in floating point is no shortness. */
const slackSeconds = 1e-9;

/**
 * The events of recordings, as they end, those that end at once by class. Where a recording breaks off, so do its events, which come
 * before the failure.
 */
export async function* findEvents(
  windows: AsyncIterable<WindowAnswer>,
  classes: readonly string[],
  { threshold, merge, minSeconds }: EventOptions,
): AsyncGenerator<EventAnswer, void, undefined> {
  /** By class: those that the next window may go on with. */
  let open: ReadonlyMap<number, SoundEvent> = new Map();
  let path = "";
  function* end(ended: Iterable<SoundEvent>): Generator<EventAnswer, void, undefined> {
    for (const answer of ended) {
      if (answer.endSeconds - answer.startSeconds >= minSeconds - slackSeconds) yield { path, answer };
    }
  }
  for await (const window of windows) {
    const { answer } = window;
    // A window at 0 begins another recording.
    if (answer instanceof UserError || answer.startSeconds === 0) {
      yield* end(open.values());
      open = new Map();
    }
    ({ path } = window);
    if (answer instanceof UserError) {
      yield { path, answer };
      continue;
    }
    const heard = new Map<number, SoundEvent>();
    for (const [index, label] of classes.entries()) {
      const score = answer.scores[index] ?? 0;
      if (score < threshold) continue;
      const { startSeconds, endSeconds } = answer;
      const before = merge ? open.get(index) : undefined;
      heard.set(index, {
        startSeconds,
        label,
        index,
        ...before,
        endSeconds,
        score: Math.max(score, before?.score ?? 0),
      });
    }
    yield* end([...open].filter(([index]) => !merge || !heard.has(index)).map(([, event]) => event));
    open = heard;
  }
  yield* end(open.values());
}
