import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Ranks, ranksBeside, shareOf } from "../../../runtime/distributed/ranks.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { ranksInMemory } from "./in-memory.ts";

const onAll = <Result>(ranks: readonly Ranks[], act: (ranks: Ranks) => Promise<Result>): Promise<readonly Result[]> =>
  Promise.all(ranks.map(act));

test.each([
  [7, 3],
  [2, 4],
  [0, 2],
])("the shares of %d clips on %d ranks are all of them, in order", (count, size) => {
  const items = [...Array(count).keys()];
  const shares = [...Array(size).keys()].map((rank) => shareOf(items, { rank, size }));
  expect(shares.flat()).toStrictEqual(items);
  const lengths = shares.map(({ length }) => length);
  expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
});

test("the ranks of a machine are counted by its name", () => {
  const hosts = ["one", "two", "one", "one"];
  expect(hosts.map((_, rank) => ranksBeside({ rank, hosts }))).toStrictEqual([3, 1, 3, 3]);
});

test("what steps take is measured without the first, and without what is done between them", async () => {
  const pause = (ms: number): Promise<void> => setTimeout(ms);
  const took = await onAll(ranksInMemory(2), async (ranks) => {
    const step = async (): Promise<void> => {
      await pause(ranks.rank === 1 ? 60 : 20);
      await ranks.shareLoss({ loss: 1, clips: 1 });
      await ranks.sum([new Float32Array(1)]);
    };
    await step();
    const first = ranks.took();
    await step();
    await step();
    await pause(500);
    await ranks.gather(new Uint8Array());
    await step();
    await ranks.gather(new Uint8Array());
    return [first, ranks.took()] as const;
  });
  for (const [first, last] of took) {
    expect(first).toBeUndefined();
    expect(last).toMatchObject({ ranks: 2, steps: 2, slowest: { rank: 1, host: "host-1" } });
    expect(last?.seconds).toBeGreaterThan(0.11);
    expect(last?.seconds).toBeLessThan(0.5);
    // Half of the ranks waited for 40 ms in each of the two steps.
    expect(last?.secondsWaiting).toBeGreaterThan(0.02);
    expect(last?.secondsWaiting).toBeLessThan(0.1);
    expect(last?.secondsAveraging).toBeLessThan(0.1);
  }
});

test("a loss is the mean over the clips of all, also where one has none", async () => {
  const own = [
    { loss: 1, clips: 3 },
    { loss: 0, clips: 0 },
    { loss: 5, clips: 1 },
  ];
  const losses = await onAll(ranksInMemory(3), ({ rank, shareLoss }) => shareLoss(own[rank] ?? { loss: 0, clips: 0 }));
  for (const loss of losses) expect(loss).toStrictEqual({ loss: 2, clips: 4 });
});

test("each gets what all have given, of any length, and memory of rank 0", async () => {
  const found = await onAll(ranksInMemory(3), async ({ rank, gather, copyFromFirst }) => {
    const memory = Uint8Array.of(rank, 7);
    const all = await gather(new Uint8Array(rank).fill(rank));
    await copyFromFirst(memory);
    return [...all.map((bytes) => [...bytes]), [...memory]];
  });
  for (const each of found) expect(each).toStrictEqual([[], [1], [2, 2], [0, 7]]);
});

test("where one is asked to stop all stop, at the same meeting", async () => {
  const stop = new AbortController();
  const ranks = ranksInMemory(2, [new AbortController().signal, stop.signal]);
  const meet = async ({ gather, signal }: Ranks): Promise<boolean> => {
    await gather(new Uint8Array());
    return signal.aborted;
  };
  expect(await onAll(ranks, meet)).toStrictEqual([false, false]);
  stop.abort();
  expect(await onAll(ranks, meet)).toStrictEqual([true, true]);
});

test("where one fails all end with what it says, and whose it is", async () => {
  const failure = new UserError("clip-unreadable", { path: "a.wav" }, "it is gone");
  const ends = await onAll(ranksInMemory(3), async (ranks) => {
    try {
      if (ranks.rank === 1) throw failure;
      await ranks.shareLoss({ loss: 1, clips: 1 });
      return "went on";
    } catch (error) {
      await ranks.fail(error);
      return { error, isOthers: ranks.othersFailed() };
    }
  });
  const told = new UserError("clip-unreadable", { path: "a.wav" }, "it is gone (rank 1 on host-1)");
  expect(ends[0]).toStrictEqual({ error: told, isOthers: true });
  expect(ends[1]).toMatchObject({ error: failure });
  expect(ends[2]).toStrictEqual(ends[0]);
});

test("a defect of one is one of all; ranks that lose step are told", async () => {
  const defect = await Promise.allSettled(
    ranksInMemory(2).map((ranks) => (ranks.rank === 0 ? ranks.fail(new TypeError("x is no function")) : ranks.end())),
  );
  expect(defect[1]).toMatchObject({ reason: new Error("x is no function (rank 0 on host-0)") });
  const lost = await Promise.allSettled(
    ranksInMemory(2).map((ranks) => (ranks.rank === 0 ? ranks.gather(new Uint8Array()) : ranks.end())),
  );
  expect(lost[0]).toMatchObject({
    reason: new Error('rank 1 on host-1 is at "end" while rank 0 on host-0 is at "gather"'),
  });
});
