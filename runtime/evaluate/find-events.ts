/** Events: stretches of a recording in which a class is heard, made of windows' scores. */
import type { EndAnswer, EventAnswer, FailureAnswer, SoundEvent, WindowAnswer } from "./answers.ts";

/** The least score at which a class is heard in a window: of all classes, or of those that are named, which then alone are heard. */
export type Threshold = number | Readonly<Record<string, number>>;

export interface EventOptions {
  readonly threshold: Threshold;
  /** Whether windows that hear the same class, in a row or overlapping, are one event, from the start of the first to the end of the last. */
  readonly merge: boolean;
  /** Shorter events are left out. */
  readonly minSeconds: number;
}

/** What times lose in floating point is no shortness, and no gap. */
const slackSeconds = 1e-9;

const leastScore = (threshold: Threshold, label: string): number =>
  typeof threshold === "number" ? threshold : (threshold[label] ?? Number.POSITIVE_INFINITY);

/**
 * The answers that are given, and after a window the events that have ended by its beginning, those that end at once by class. Where a
 * recording ends or breaks off, so do its events, which come before that is told. Merged are windows in a row without a gap between
 * them, and those that overlap with others between them that do not hear the class: a class's events do not overlap.
 */
export async function* findEvents<Answer extends WindowAnswer | FailureAnswer | EndAnswer>(
  answers: AsyncIterable<Answer>,
  classes: readonly string[],
  { threshold, merge, minSeconds }: EventOptions,
): AsyncGenerator<Answer | EventAnswer, void, undefined> {
  const least = classes.map((label) => leastScore(threshold, label));
  /** By class: those that a window to come may go on with. */
  let open: ReadonlyMap<number, SoundEvent> = new Map();
  /** Where the last window ends. */
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
      [open, heardTo] = [new Map(), 0];
      yield answer;
      continue;
    }
    yield answer;
    const { startSeconds, endSeconds, scores, rejected = false } = answer.window;
    const isOver = (event: SoundEvent): boolean => !merge || event.endSeconds <= startSeconds + slackSeconds;
    const isInRow = (event: SoundEvent): boolean =>
      merge && event.endSeconds === heardTo && startSeconds <= heardTo + slackSeconds;
    const ended: SoundEvent[] = [];
    const left = new Map<number, SoundEvent>();
    for (const [index, label] of classes.entries()) {
      const score = scores[index] ?? 0;
      const isHeard = !rejected && score >= (least[index] ?? 0);
      const before = open.get(index);
      const goesOn = before !== undefined && (!isOver(before) || (isHeard && isInRow(before)));
      if (before !== undefined && !goesOn) ended.push(before);
      if (isHeard && goesOn) left.set(index, { ...before, endSeconds, score: Math.max(score, before.score) });
      else if (isHeard) left.set(index, { startSeconds, label, index, endSeconds, score });
      else if (goesOn) left.set(index, before);
    }
    yield* end(path, ended);
    [open, heardTo] = [left, endSeconds];
  }
}
