/** Whether the other ranks' processes are there, however long they compute: a thread of each tells rank 0 so, and hears it of rank 0. */
import { nodeThreads } from "../threads/node.ts";

/** How the thread begins. */
export interface HeartbeatOptions {
  readonly rank: number;
  readonly size: number;
  /** A communicator of its own. */
  readonly comm: bigint;
  /** Where it writes 1 more than the first rank that it has not heard of for too long. */
  readonly lost: SharedArrayBuffer;
  readonly silentSeconds: number;
}

/** Above what a machine takes that stands still for a moment, and what reaches people within a minute. */
const silentSeconds = 30;

/** What the thread is told: that all ranks close. */
export type HeartbeatRequest = "stop";

/** @param comm a communicator that nothing else uses */
export const startHeartbeat = (comm: bigint, { rank, size }: { readonly rank: number; readonly size: number }) => {
  const lost = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const data: HeartbeatOptions = { rank, size, comm, lost: lost.buffer, silentSeconds };
  let ended = (): void => undefined;
  const end = new Promise<void>((resolve) => (ended = resolve));
  let failure: string | undefined;
  const thread = nodeThreads.start<never>("distributed/heartbeat-worker", {
    data,
    onMessage: () => ended(),
    onStop: (reason) => {
      failure ??= reason;
      ended();
    },
  });
  thread.keepProcess(false);
  return {
    silentSeconds,
    /** A rank that has not been heard of for so long. */
    lost: (): number | undefined => {
      if (failure !== undefined) throw new Error(`the heartbeat stopped: ${failure}`);
      const first = Atomics.load(lost, 0);
      return first === 0 ? undefined : first - 1;
    },
    /** @param isOrderly whether all ranks stop theirs, and hear so of one another */
    stop: async (isOrderly: boolean): Promise<void> => {
      if (isOrderly) {
        thread.keepProcess(true);
        thread.post("stop" satisfies HeartbeatRequest);
        await end;
      }
      await thread.end();
    },
  };
};
