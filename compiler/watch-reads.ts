/** `compile --watch`: does it again whenever something that it reads has changed. */
import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** How often files are looked at. Polling sees what notifications of some file systems and editors leave out, and costs a thousandth of a core. */
const pollMs = 100;

/** Two looks so far apart that see the same: who writes has finished. */
const settleMs = 30;

/** An editor that removes a file to write it anew does so within this time. */
const mostAbsentMs = 500;

/** What a file is at the moment; empty: it is not there. */
const stateOf = (path: string): string => {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats ? `${stats.ino} ${stats.size} ${stats.mtimeNs}` : "";
};

/** Ends when a file is not what it was, and nobody is writing any more. */
const untilChanged = async (before: ReadonlyMap<string, string>, signal: AbortSignal): Promise<void> => {
  const look = (): readonly string[] => [...before.keys()].map(stateOf);
  const were = [...before.values()];
  while (look().every((state, index) => state === were[index])) await sleep(pollMs, undefined, { signal });
  let last = look();
  for (let waitedMs = 0; waitedMs < mostAbsentMs; waitedMs += settleMs) {
    await sleep(settleMs, undefined, { signal });
    const now = look();
    const isMissing = now.some((state, index) => state === "" && were[index] !== "");
    if (!isMissing && now.every((state, index) => state === last[index])) return;
    last = now;
  }
};

/**
 * @param act calls `onRead` with the path of each file before it reads it, and throws nothing
 * @param signal ends it
 */
export const watchReads = async (act: (onRead: (path: string) => void) => void, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const states = new Map<string, string>();
    act((path) => {
      if (!states.has(path)) states.set(path, stateOf(path));
    });
    try {
      await untilChanged(states, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
};
