/** The thread of a heartbeat. */
import { setTimeout } from "node:timers/promises";
import { nodeParent } from "../threads/node.ts";
import type { HeartbeatOptions, HeartbeatRequest } from "./heartbeat.ts";
import { loadMpi, type MpiRequest } from "./mpi-library.ts";

/** A beat, and the last one. */
const [isHere, leaves] = [1, 0];
const secondMs = 1000;
/** Between beats while all leave. */
const leavingMs = 2;

const parent = await nodeParent<HeartbeatOptions>();
let isLeaving = false;
const wake = new AbortController();
parent.onMessage((request: HeartbeatRequest) => {
  isLeaving = request === "stop";
  wake.abort();
});

const { rank, size, comm, lost, silentSeconds } = parent.data;
const firstLost = new Int32Array(lost);
const mpi = await loadMpi();

/** What passes between this rank and another. */
const watch = (other: number) => {
  const [sent, received] = [Uint8Array.of(isHere), new Uint8Array(1)];
  let receiving: MpiRequest | undefined = mpi.beginReceive(comm, received, other);
  let sending: MpiRequest | undefined;
  /** Counted in turns of this thread, so that a rank that stood still itself does not take it for the others' silence. */
  let [silentTurns, hasSaidIt] = [0, false];
  return {
    turn: (isLeaving: boolean): void => {
      silentTurns += 1;
      while (receiving !== undefined && mpi.areDone([receiving])) {
        silentTurns = 0;
        receiving = received[0] === leaves ? undefined : mpi.beginReceive(comm, received, other);
      }
      if (sending !== undefined && mpi.areDone([sending])) sending = undefined;
      if (sending !== undefined || hasSaidIt) return;
      hasSaidIt = isLeaving;
      sent[0] = isLeaving ? leaves : isHere;
      sending = mpi.beginSend(comm, sent, other);
    },
    isLost: () => receiving !== undefined && silentTurns > silentSeconds,
    hasLeft: () => receiving === undefined && sending === undefined && hasSaidIt,
    rank: other,
  };
};

const others = rank === 0 ? Array.from({ length: size - 1 }, (_, index) => index + 1) : [0];
const watches = others.map(watch);
while (!watches.every(({ hasLeft }) => hasLeft())) {
  for (const { turn } of watches) turn(isLeaving);
  const silent = watches.find(({ isLost }) => isLost());
  if (silent && !isLeaving) Atomics.store(firstLost, 0, silent.rank + 1);
  if (isLeaving) await setTimeout(leavingMs);
  else await setTimeout(secondMs, undefined, { signal: wake.signal }).catch(() => undefined);
}
parent.post("left");
