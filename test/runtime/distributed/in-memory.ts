/** Ranks in one thread, for what they do with one another whatever joins them. */
import type { Collective } from "../../../runtime/distributed/collective.ts";
import { joinRanks, type Ranks } from "../../../runtime/distributed/ranks.ts";

const openDoor = () => {
  let leave: (all: unknown[]) => void = () => undefined;
  const all = new Promise<unknown[]>((resolve) => (leave = resolve));
  return { all, leave };
};

/** Hands on what each gives to all, once all have given. */
export const createMeeting = (size: number) => {
  let given: unknown[] = [];
  let arrived = 0;
  let { all, leave } = openDoor();
  return async <Value>(rank: number, value: Value): Promise<readonly Value[]> => {
    given[rank] = value;
    arrived += 1;
    const met = all;
    if (arrived === size) {
      leave(given);
      [given, arrived] = [[], 0];
      ({ all, leave } = openDoor());
    }
    return (await met) as readonly Value[];
  };
};

/** @param signals ask the ranks to stop */
export const ranksInMemory = (size: number, signals: readonly AbortSignal[] = []): readonly Ranks[] => {
  const meet = createMeeting(size);
  const hosts = Array.from({ length: size }, (_, rank) => `host-${rank}`);
  return hosts.map((_, rank) => {
    const collective: Collective = {
      rank,
      size,
      hosts,
      allGather: async (own) => Uint8Array.from((await meet(rank, own.slice())).flatMap((bytes) => [...bytes])),
      broadcast: async (bytes, from) => {
        const all = await meet(rank, bytes.slice());
        bytes.set(all[from] ?? []);
      },
      sum: async (arrays) => {
        const own = [...arrays];
        const all = await meet(
          rank,
          own.map((values) => values.slice()),
        );
        for (const [index, values] of own.entries())
          values.forEach((_, at) => (values[at] = all.reduce((sum, other) => sum + (other[index]?.[at] ?? 0), 0)));
      },
      close: () => Promise.resolve([]),
    };
    return joinRanks(collective, signals[rank] ?? new AbortController().signal);
  });
};
