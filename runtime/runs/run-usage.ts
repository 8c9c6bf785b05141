/** `usage.json`: what a run has taken so far. Beside the checkpoint and the log, as these do not depend on interruptions. */
import { readFileSync } from "node:fs";
import * as v from "valibot";
import { writeText } from "../files/write-text.ts";

const seconds = v.pipe(v.number(), v.minValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const usageSchema = v.object({
  /** Of all the processes that worked on it, together. */
  seconds,
  /** The highest of any of them. */
  peakMemoryBytes: v.pipe(v.number(), v.minValue(0)),
  /** How many processes there were; those that trained together are one. */
  sessions: count,
  /** Of the last session that was of several ranks: see `RanksTook`. */
  ranks: v.optional(
    v.object({
      ranks: count,
      steps: count,
      seconds,
      secondsAveraging: seconds,
      secondsWaiting: seconds,
      slowest: v.object({ rank: v.pipe(v.number(), v.safeInteger(), v.minValue(0)), host: v.string() }),
    }),
  ),
});

export type RunUsage = v.InferOutput<typeof usageSchema>;

/** The most that this process has held in the machine's memory at once, by now; what a GPU holds is not in it. */
export const peakMemoryBytes = (): number => process.resourceUsage().maxRSS * 1024;

/** @returns undefined where the file is missing or damaged: what reads it does without */
export const readUsage = (path: string): RunUsage | undefined => {
  try {
    return v.parse(usageSchema, JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
};

/**
 * Counts from now on.
 * @param isContinued whether earlier processes worked on the run: where the file does not tell what they took, the whole
 * is unknown, and nothing is written
 * @param ranksTook of this session, where it is of several ranks
 * @returns writes what the run has taken by then; no failure of that ends the run
 */
export const openUsageMeter = (
  path: string,
  isContinued: boolean,
  ranksTook: () => RunUsage["ranks"] = () => undefined,
): (() => Promise<void>) => {
  const earlier =
    readUsage(path) ?? (isContinued ? undefined : { seconds: 0, peakMemoryBytes: 0, sessions: 0, ranks: undefined });
  const started = performance.now();
  return async () => {
    if (!earlier) return;
    const usage: RunUsage = {
      seconds: Math.round(earlier.seconds * 1000 + performance.now() - started) / 1000,
      peakMemoryBytes: Math.max(earlier.peakMemoryBytes, peakMemoryBytes()),
      sessions: earlier.sessions + 1,
      ranks: ranksTook() ?? earlier.ranks,
    };
    await writeText(path, `${JSON.stringify(usage)}\n`).catch(() => undefined);
  };
};
