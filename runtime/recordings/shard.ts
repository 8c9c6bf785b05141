/** One of several parts of a job, which are computed apart, anywhere, and then merged. */
import { groupsOf } from "../data/batches.ts";

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

/** @param text such as `3/8` @returns undefined where it is none */
export const parseShard = (text: string): Shard | undefined => {
  const [, index = 0, count = 0] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number);
  return index >= 1 && index <= count ? { index, count } : undefined;
};

/**
 * The shard's items: neighbours, so that the shards in their order are all items in theirs. Those that are computed together stay together:
 * to the last bit that decides their answers.
 * @param together so many are computed together
 */
export const itemsOf = <Item>(items: readonly Item[], { index, count }: Shard, together: number): readonly Item[] => {
  const groups = [...groupsOf(items, together)];
  const startOf = (shard: number): number => Math.floor((groups.length * shard) / count);
  return groups.slice(startOf(index - 1), startOf(index)).flat();
};
