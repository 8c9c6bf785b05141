import type { WindowScores } from "./answers.ts";

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
};

/**
 * A recording's windows with, for each class, the median of the scores of `count` windows around each: a single window that hears
 * what its neighbours do not is no event, and one that misses what they hear is no gap. At the ends of the recording the median is of
 * the windows that there are. It is what sound event detection usually does (https://dcase.community, the baselines of task 4).
 * @param count odd; half of them, rounded down, are held
 * @throws whatever `windows` throws, after what is known of the windows until then
 */
export async function* smoothScores<Window extends WindowScores>(
  windows: AsyncIterable<Window>,
  count: number,
): AsyncGenerator<Window, void, undefined> {
  const half = (count - 1) / 2;
  let held: Window[] = [];
  /** How many windows there were, and how many were given. */
  let [seen, given] = [0, 0];
  const smooth = (): Window => {
    const first = seen - held.length;
    const window = held[given - first];
    if (window === undefined) throw new Error(`window ${given} is not held`);
    const around = held.slice(Math.max(0, given - half - first), given + half + 1 - first);
    given += 1;
    return {
      ...window,
      scores: window.scores.map((_, index) => median(around.map(({ scores }) => scores[index] ?? 0))),
    };
  };
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const window of windows) {
      held.push(window);
      seen += 1;
      if (seen - given > half) yield smooth();
      held = held.slice(-2 * half);
    }
  } catch (error) {
    failure = { error };
  }
  for (let left = seen - given; left > 0; left--) yield smooth();
  if (failure !== undefined) throw failure.error;
}
