import { expect, test } from "vitest";
import { smoothScores } from "../../../runtime/evaluate/smooth-scores.ts";

/** What becomes of the scores of two classes, the second's one less; then the failure, where there is one. */
const smooth = async (scores: readonly number[], count: number, failure?: Error): Promise<readonly unknown[]> => {
  const given = async function* () {
    for (const [index, score] of scores.entries()) {
      const window = { startSeconds: index, endSeconds: index + 1, scores: Float32Array.of(score, score - 1) };
      yield await Promise.resolve(window);
    }
    if (failure) throw failure;
  };
  const found: unknown[] = [];
  try {
    for await (const { startSeconds, endSeconds, scores } of smoothScores(given(), count)) {
      expect([endSeconds - startSeconds, startSeconds, scores[1]]).toEqual([1, found.length, (scores[0] ?? 0) - 1]);
      found.push(scores[0]);
    }
  } catch (error) {
    found.push(error);
  }
  return found;
};

test("each window gets the median of those around it; at the ends, of those that there are", async () => {
  expect(await smooth([0, 8, 0, 0, 8, 8, 0, 8, 8], 3)).toEqual([4, 0, 0, 0, 8, 8, 8, 8, 8]);
  expect(await smooth([1, 2, 4, 8, 16, 32], 5)).toEqual([2, 3, 4, 8, 12, 16]);
});

test("few windows, one window, none", async () => {
  expect(await smooth([1, 3], 7)).toEqual([2, 2]);
  expect(await smooth([5], 3)).toEqual([5]);
  expect(await smooth([], 3)).toEqual([]);
});

test("before a failure, what was heard", async () => {
  const failure = new Error("broken");
  expect(await smooth([1, 2, 4], 3, failure)).toEqual([1.5, 2, 3, failure]);
});
