/** Events: stretches of a recording in which a class is heard, made of windows' scores. */
import type { EndAnswer, EventAnswer, FailureAnswer, SoundEvent, WindowAnswer } from "./answers.ts";

/** The least score at which a class is heard in a window: of all classes, or of those that are named, which then alone are heard. */
export type Threshold = number | Readonly<Record<string, number>>;

export interface EventOptions {
  readonly threshold: Threshold;
  /** Whether windows in a row that hear the same class are one event, from the start of the first to the end of the last. */
  readonly merge: boolean;
  /** Shorter events are left out. */
  readonly minSeconds: number;
}

/** What times lose in floating point is no shortness, and no gap. */
const slackSeconds = 1e-9;

const leastScore = (threshold: Threshold, label: string): number =>
  typeof threshold === "number" ? threshold : (threshold[label] ?? Number.POSITIVE_INFINITY);

/**
 * The answers that are given, and after a window the events that end with it, those that end at once by class. Where a recording ends or
 * breaks off, so do its events, which come before that is told. Windows with a gap between them are not in a row.
 */
export async function* findEvents<Answer extends WindowAnswer | FailureAnswer | EndAnswer>(
  answers: AsyncIterable<Answer>,
  classes: readonly string[],
  { threshold, merge, minSeconds }: EventOptions,
): AsyncGenerator<Answer | EventAnswer, void, undefined> {
  const least = classes.map((label) => leastScore(threshold, label));
  /** By class: those of the last window, which the next may go on with. */
  let open: ReadonlyMap<number, SoundEvent> = new Map();
  let heardTo = 0;
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
    const goesOn = merge && startSeconds <= heardTo + slackSeconds;
    const heard = new Map<number, SoundEvent>();
    for (const [index, label] of classes.entries()) {
      const score = scores[index] ?? 0;
      if (score < (least[index] ?? 0)) continue;
      const before = goesOn ? open.get(index) : undefined;
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
      [...open].filter(([index]) => !goesOn || !heard.has(index)).map(([, event]) => event),
    );
    open = heard;
    heardTo = endSeconds;
  }
}
