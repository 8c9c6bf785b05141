/**
 * Ranks: processes that train together. Whenever they meet they agree on what is to become of all: where one was asked to stop,
 * all stop after the same step, and where one fails, all end with what it says.
 */
import { replyOf, type Reply, valueOf } from "../threads/reply.ts";
import { UserError } from "../user-error.ts";
import type { Collective, Ending } from "./collective.ts";
import { meterSteps, type RanksTook } from "./meter-steps.ts";

/** The mean over so many clips. */
interface MeanLoss {
  readonly loss: number;
  readonly clips: number;
}

export interface Ranks extends Pick<Collective, "rank" | "size" | "hosts" | "sum"> {
  /** Aborted on all ranks at the same point, once any of them was asked to stop. */
  readonly signal: AbortSignal;
  /** Asks this rank to stop. */
  readonly ownSignal: AbortSignal;
  /** Told the mean loss of its own clips. @returns that of all clips, and how many these are */
  readonly shareLoss: (own: MeanLoss) => Promise<MeanLoss>;
  /** What each gives, by rank, of any length. */
  readonly gather: (own: Uint8Array) => Promise<readonly Uint8Array<ArrayBuffer>[]>;
  /** Has memory of rank 0 copied to all others: as large there. */
  readonly copyFromFirst: (memory: Uint8Array) => Promise<void>;
  /** What the steps took so far; undefined before there are two, or where this is the only rank. */
  readonly took: () => RanksTook | undefined;
  /** Whether it is another rank that ended all, and not what this one did. */
  readonly othersFailed: () => boolean;
  /** Whether the others have gone on without this one: what it has is old, and nothing of it is to be kept. */
  readonly isOutdated: () => boolean;
  /** Tells the others that this one fails, unless they know; it returns when they do. */
  readonly fail: (error: unknown) => Promise<void>;
  /** Waits for all to come to the end. Nothing is to follow but `close`. */
  readonly end: () => Promise<void>;
  /** @returns the names of ranks that have not come to the end with it: where it does not wait for them any longer */
  readonly close: () => Promise<readonly string[]>;
}

/** As people are told of it. */
export const nameRank = ({ hosts }: Pick<Collective, "hosts">, rank: number): string =>
  `rank ${rank} on ${hosts[rank]}`;

/** How many of them a rank's machine has, itself among them: whatever has started them. */
export const ranksBeside = ({ rank, hosts }: Pick<Collective, "rank" | "hosts">): number =>
  hosts.filter((host) => host === hosts[rank]).length;

/** Neighbours of a list, a rank's own: the ranks' shares, one after the other, are the list. Their lengths differ by one at most. */
export const shareOf = <Item>(
  items: readonly Item[],
  { rank, size }: Pick<Collective, "rank" | "size">,
): readonly Item[] =>
  items.slice(Math.floor((rank * items.length) / size), Math.floor(((rank + 1) * items.length) / size));

const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Where they meet; elsewhere than the others nobody may be. */
const places = ["loss", "gather", "copy", "end", "failure"] as const;
type Place = (typeof places)[number];

const statuses = { well: 0, asksToStop: 1, fails: 2 } as const;

/** What each tells when they meet, as numbers. */
interface Word {
  readonly place: number;
  readonly status: number;
  readonly loss: number;
  readonly clips: number;
  /** Of what it gives after that. */
  readonly bytes: number;
  /** Seconds that it has waited for others in its steps so far. */
  readonly waited: number;
}

const wordLength = 6;

const parseWords = (numbers: Float64Array): readonly Word[] =>
  Array.from({ length: numbers.length / wordLength }, (_, rank) => {
    const [place = 0, status = 0, loss = 0, clips = 0, bytes = 0, waited = 0] = numbers.subarray(rank * wordLength);
    return { place, status, loss, clips, bytes, waited };
  });

/** An error as it is told to other ranks. */
const encodeFailure = async (error: unknown): Promise<Uint8Array<ArrayBuffer>> => {
  const reply = await replyOf(() => {
    throw error;
  });
  const told = "defect" in reply ? { defect: error instanceof Error ? error.message : String(error) } : reply;
  return new TextEncoder().encode(JSON.stringify(told));
};

const decodeFailure = (bytes: Uint8Array, who: string): Error => {
  try {
    return new Error(`a failure gave ${String(valueOf(JSON.parse(new TextDecoder().decode(bytes)) as Reply<never>))}`);
  } catch (error) {
    if (!(error instanceof UserError))
      return new Error(`${error instanceof Error ? error.message : String(error)} (${who})`);
    // At the end of its first line, which says what has happened.
    return new UserError(error.code, error.facts, error.sentence.replace(/$/m, ` (${who})`));
  }
};

const toMilliseconds = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/** @param ownSignal asks this rank to stop */
export const joinRanks = (collective: Collective, ownSignal: AbortSignal): Ranks => {
  const { rank, size, hosts } = collective;
  const interruption = new AbortController();
  const meter = meterSteps();
  /** Of each rank. */
  let waited: readonly number[] = [];
  /** Whether all know that it is over, or none can be told any more. */
  let [isOver, othersFailed, isOutdated, ending] = [false, false, false, "alone" as Ending];

  /** What breaks down between them ends it for all. */
  const together = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    try {
      return await act();
    } catch (error) {
      isOver = true;
      isOutdated = error instanceof UserError && error.code === "rank-paused";
      othersFailed = !isOutdated;
      throw error;
    }
  };

  const broadcastFrom = async (bytes: number, from: number, own: Uint8Array): Promise<Uint8Array<ArrayBuffer>> => {
    const received = from === rank ? own.slice() : new Uint8Array(bytes);
    if (bytes > 0) await collective.broadcast(received, from);
    return received;
  };

  /**
   * @param own of what is given when all have met
   * @returns each one's word, by rank. @throws what one has failed of
   */
  const meet = (
    place: Place,
    { loss = 0, clips = 0, own = new Uint8Array() }: Partial<MeanLoss> & { readonly own?: Uint8Array } = {},
  ): Promise<readonly Word[]> =>
    together(async () => {
      const wellOrNot = ownSignal.aborted ? statuses.asksToStop : statuses.well;
      const status = place === "failure" ? statuses.fails : wellOrNot;
      if (place !== "loss") meter.interrupt();
      const word = Float64Array.of(places.indexOf(place), status, loss, clips, own.byteLength, meter.total().waiting);
      const words = parseWords(new Float64Array((await collective.allGather(bytesOf(word))).buffer));
      const failed = words.findIndex(({ status }) => status === statuses.fails);
      if (failed >= 0) {
        const failure = await broadcastFrom(words[failed]?.bytes ?? 0, failed, own);
        ending = "told";
        throw decodeFailure(failure, nameRank(collective, failed));
      }
      const elsewhere = words.findIndex((other) => other.place !== word[0]);
      if (elsewhere >= 0) {
        const there = places[words[elsewhere]?.place ?? 0];
        throw new Error(
          `${nameRank(collective, elsewhere)} is at "${there}" while ${nameRank(collective, rank)} is at "${place}"`,
        );
      }
      if (words.some(({ status }) => status === statuses.asksToStop)) interruption.abort();
      waited = words.map(({ waited }) => waited);
      return words;
    });

  return {
    rank,
    size,
    hosts,
    signal: interruption.signal,
    ownSignal,
    sum: (arrays) => meter.average(() => together(() => collective.sum(arrays))),
    shareLoss: async (own) => {
      const words = await meter.wait(() => meet("loss", own));
      const clips = words.reduce((sum, word) => sum + word.clips, 0);
      return { loss: words.reduce((sum, word) => sum + word.loss * word.clips, 0) / clips, clips };
    },
    gather: async (own) => {
      const words = await meet("gather", { own });
      return together(async () => {
        const all: Uint8Array<ArrayBuffer>[] = [];
        for (const [from, { bytes }] of words.entries()) all.push(await broadcastFrom(bytes, from, own));
        return all;
      });
    },
    copyFromFirst: async (memory) => {
      await meet("copy");
      await together(() => collective.broadcast(memory, 0));
    },
    took: () => {
      const { steps, seconds, averaging } = meter.total();
      if (steps === 0 || size === 1) return undefined;
      const slowest = waited.indexOf(Math.min(...waited));
      return {
        ranks: size,
        steps,
        seconds: toMilliseconds(seconds),
        secondsAveraging: toMilliseconds(averaging),
        secondsWaiting: toMilliseconds(waited.reduce((sum, each) => sum + each, 0) / size),
        slowest: { rank: slowest, host: hosts[slowest] ?? "" },
      };
    },
    othersFailed: () => othersFailed,
    isOutdated: () => isOutdated,
    fail: async (error) => {
      if (isOver) return;
      const own = await encodeFailure(error);
      // It ends with what all are told, this rank, too.
      await meet("failure", { own }).catch(() => undefined);
    },
    end: async () => {
      await meet("end");
      [isOver, ending] = [true, "together"];
    },
    close: async () => (await collective.close(ending)).map((rank) => nameRank(collective, rank)),
  };
};
