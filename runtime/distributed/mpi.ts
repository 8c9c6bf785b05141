/** The ranks that an MPI launcher has started, this process among them. */
import { hostname } from "node:os";
import { setImmediate, setTimeout } from "node:timers/promises";
import { UserError } from "../user-error.ts";
import type { Collective } from "./collective.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { requireAllStarted } from "./launched.ts";
import { loadMpi, type MpiRequest } from "./mpi-library.ts";

/** Values that go as one operation; MPI counts in 32 bits, and several that overlap are faster than one. */
const mostValues = 2 ** 20;
/** Arrays of fewer values go together. */
const fewValues = 2 ** 14;
/** How long others are waited for with the processor kept: what comes later is not worth it. */
const busyMs = 2;
const hostBytes = 64;
/** How long one that is asked to stop waits for the others, before it ends by itself: mpirun kills after a second. */
const stoppingMs = 100;

function* pieces<Values extends Float32Array | Uint8Array>(
  values: Values,
  most: number,
): Generator<Values, void, undefined> {
  for (let first = 0; first < values.length; first += most) yield values.subarray(first, first + most) as Values;
}

/** Small arrays one after the other in one, which is copied back to them. */
const openBucket = () => {
  const arrays: Float32Array[] = [];
  let joined = new Float32Array();
  const forEach = (act: (values: Float32Array, place: Float32Array) => void): void => {
    let first = 0;
    for (const values of arrays) {
      act(values, joined.subarray(first, first + values.length));
      first += values.length;
    }
  };
  return {
    add: (values: Float32Array): void => void arrays.push(values),
    joined: (): Float32Array => {
      joined = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
      forEach((values, place) => place.set(values));
      return joined;
    },
    spread: (): void => forEach((values, place) => values.set(place)),
  };
};

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).replaceAll("\0", "");

/**
 * Joins the others. Each process can do so once.
 * @param signal asks this one to stop
 * @param note told, on rank 0, what the user should know
 * @throws UserError where MPI is not there, or does not work
 */
export const joinMpi = async (signal: AbortSignal, note: (text: string) => void): Promise<Collective> => {
  const mpi = await loadMpi();
  mpi.init();
  const comm = mpi.duplicate(mpi.world);
  const [rank, size] = [mpi.rankIn(comm), mpi.sizeOf(comm)];
  try {
    requireAllStarted(size, mpi.name);
  } catch (error) {
    // Open MPI 6.0.0rc2 crashes in a process of Hydra's that ends without.
    mpi.finalize();
    throw error;
  }
  let heartbeat: Awaited<ReturnType<typeof startHeartbeat>> | undefined;

  let stopAskedAt: number | undefined;
  /** To be called before anything is begun, too: what is sent to a process that has ended may end this one from within Open MPI. */
  const requireAll = (): void => {
    heartbeat?.requireAll();
    if (signal.aborted) stopAskedAt ??= performance.now();
    if (performance.now() - (stopAskedAt ?? Infinity) > stoppingMs)
      throw new UserError("aborted", {}, "asked to stop, and the other ranks have not come to the end of the step");
  };
  /**
   * Until operations are done.
   * @param areHere whether all ranks are known to be at this point, so that nobody is waited for but the network
   */
  const finish = async (requests: readonly MpiRequest[], areHere: boolean): Promise<void> => {
    const began = performance.now();
    while (!mpi.areDone(requests)) {
      requireAll();
      if (areHere || performance.now() - began < busyMs) {
        mpi.yieldProcessor();
        await setImmediate();
      } else await setTimeout(1);
    }
  };
  const allGather = async (own: Uint8Array): Promise<Uint8Array<ArrayBuffer>> => {
    requireAll();
    const all = new Uint8Array(own.byteLength * size);
    await finish([mpi.beginAllGather(comm, own, all)], false);
    return all;
  };

  const broadcast = async (bytes: Uint8Array, from: number): Promise<void> => {
    requireAll();
    const parts = [...pieces(bytes, mostValues * Float32Array.BYTES_PER_ELEMENT)];
    await finish(
      parts.map((part) => mpi.beginBroadcast(comm, part, from)),
      true,
    );
  };
  const own = new Uint8Array(hostBytes);
  new TextEncoder().encodeInto(hostname(), own);
  const hosts = [...pieces(await allGather(own), hostBytes)].map(textOf);
  heartbeat = await startHeartbeat({ rank, size, hosts, allGather, broadcast }, note);
  signal.addEventListener("abort", heartbeat.expectEnds);

  return {
    rank,
    size,
    hosts,
    allGather,
    broadcast,
    sum: async (arrays) => {
      requireAll();
      const bucket = openBucket();
      let requests: MpiRequest[] = [];
      const begin = (values: Float32Array): void => {
        for (const piece of pieces(values, mostValues)) requests.push(mpi.beginSum(comm, piece));
        // What is on its way goes on while the next is made.
        if (mpi.areDone(requests)) requests = [];
      };
      for (const values of arrays) {
        if (values.length < fewValues) bucket.add(values);
        else begin(values);
      }
      begin(bucket.joined());
      await finish(requests, true);
      bucket.spread();
    },
    close: async (ending) => {
      const missing = (await heartbeat?.stop(ending)) ?? [];
      // It waits for all others. Open MPI 5 and 6 crash in a process that ends without.
      if (ending !== "alone" && missing.length === 0) mpi.finalize();
      return ending === "together" ? missing : [];
    },
  };
};
