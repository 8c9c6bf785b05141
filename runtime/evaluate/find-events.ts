/** Events: stretches of a recording in which a class is heard, made of windows' scores. */
import type { EndAnswer, EventAnswer, FailureAnswer, SoundEvent, WindowAnswer } from "./answers.ts";

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
 * The answers that are given, and after a window the events that end with it, those that end at once by class. Where a recording ends or
 * breaks off, so do its events, which come before that is told.
 */
export async function* findEvents<Answer extends WindowAnswer | FailureAnswer | EndAnswer>(
  answers: AsyncIterable<Answer>,
  classes: readonly string[],
  { threshold, merge, minSeconds }: EventOptions,
): AsyncGenerator<Answer | EventAnswer, void, undefined> {
  /** By class: those that the next window may go on with. */
  let open: ReadonlyMap<number, SoundEvent> = new Map();
  function* end(path: string, ended: Iterable<SoundEvent>): Generator<EventAnswer, void, undefined> {
    for (const event of ended) {
      if (event.endSeconds - event.startSeconds >= minSeconds - slackSeconds) yield { path, kind: "event", event };
    }
  }
  for await (const answer of answers) {
    const { path } = answer;
    if (answer.kind !== "window") {
      yield* end(path, open.values());
      open = new Map();
      yield answer;
      continue;
    }
    yield answer;
    const { startSeconds, endSeconds, scores } = answer.window;
    const heard = new Map<number, SoundEvent>();
    for (const [index, label] of classes.entries()) {
      const score = scores[index] ?? 0;
      if (score < threshold) continue;
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
    yield* end(
      path,
      [...open].filter(([index]) => !merge || !heard.has(index)).map(([, event]) => event),
    );
    open = heard;
  }
}
