/**
 * Whether the other ranks' processes are there, however long they compute: a thread of each tells rank 0 so, and hears it of rank 0.
 * They have connections of their own: where one of MPI's breaks, Open MPI (4.1) ends the process that writes to it, from within,
 * and nobody would tell whose fault it was.
 */
import { randomBytes } from "node:crypto";
import { networkInterfaces } from "node:os";
import { nodeThreads } from "../threads/node.ts";
import { UserError } from "../user-error.ts";
import type { Collective, Ending } from "./collective.ts";
import { nameRank } from "./ranks.ts";

/** Where rank 0 is reached. */
export interface Door {
  /** As its machine has several, those who do not know it try all. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** In hexadecimal digits, for ranks of this training alone. */
  readonly secret: string;
}

/** How the thread begins. */
export interface HeartbeatOptions {
  readonly rank: number;
  readonly hosts: readonly string[];
  /** Of rank 0, for the others. */
  readonly door: Door | undefined;
  /** Of rank 0's door, which it opens. */
  readonly secret: string;
  /** A rank that is not heard of for longer is lost. */
  readonly patienceSeconds: number;
  /** What is wrong: a kind of `losses`, from 1, the rank, and for how long in seconds; and 1 once this rank was asked to stop. */
  readonly loss: SharedArrayBuffer;
}

/** What can be wrong, for one of them. */
export const losses = ["ended", "silent", "paused", "told"] as const;
export type LossKind = (typeof losses)[number];

export const lossFields = { kind: 0, rank: 1, seconds: 2, isAsked: 3 } as const;

/** Above what a machine takes that stands still for a moment, and what reaches people within a minute. */
export const silentSeconds = 30;
/** Those who are there connect within milliseconds. */
export const connectingMs = 10_000;

/** What the thread tells, once it is told of an `Ending` the last: its port, where it is rank 0; that it is in touch with rank 0, or not; and who of the others had not left when it did. */
export type HeartbeatMessage =
  | { readonly kind: "open"; readonly port: number }
  | { readonly kind: "connected"; readonly isHeard: boolean }
  | { readonly kind: "left"; readonly missing: readonly number[] };

/** @param rank of which something is wrong */
export const describeLoss = (
  hosts: readonly string[],
  { kind, rank, seconds }: { readonly kind: LossKind; readonly rank: number; readonly seconds: number },
): UserError => {
  const name = nameRank({ hosts }, rank);
  /** Of Open MPI 4, mpirun that loses a machine after a process of its own has ended waits for it for ever. */
  const awaitsLauncher = kind === "silent" || kind === "told";
  const facts = { rank, host: hosts[rank], awaitsLauncher };
  switch (kind) {
    case "ended":
      return new UserError(
        "rank-ended",
        facts,
        `${name} has ended in the middle of the training: it has crashed or was killed, perhaps for want of memory`,
      );
    case "silent":
      return new UserError(
        "rank-lost",
        facts,
        `${name} has not been heard of for ${seconds} seconds: its process or its machine stands still or is cut off`,
      );
    case "paused":
      return new UserError(
        "rank-paused",
        facts,
        `${name}, this process, stood still for ${seconds} seconds: the training has ended without it, and it writes nothing more`,
      );
    case "told":
      return new UserError("ended-by-rank", facts, `the training has ended; ${name} tells why`);
  }
};

/** By which others may reach this machine: IPv4 first. */
const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces())
    .flatMap((interfaces) => interfaces ?? [])
    .filter(({ internal, scopeid }) => !internal && !scopeid)
    .toSorted((one, other) => one.family.localeCompare(other.family))
    .map(({ address }) => address);

const loopback = "127.0.0.1";

type Meeting = Pick<Collective, "rank" | "size" | "hosts" | "allGather" | "broadcast">;

/** What rank 0 gives, of any length. */
const fromFirst = async ({ allGather, broadcast }: Meeting, own: Uint8Array): Promise<Uint8Array> => {
  const lengths = await allGather(new Uint8Array(Uint32Array.of(own.byteLength).buffer));
  const bytes = new Uint8Array(new Uint32Array(lengths.buffer)[0] ?? 0);
  bytes.set(own);
  await broadcast(bytes, 0);
  return bytes;
};

/**
 * Called by all ranks.
 * @param note told, on rank 0, who cannot be watched
 * @param patienceSeconds after which a rank that is not heard of is lost
 */
export const startHeartbeat = async (
  meeting: Meeting,
  note: (text: string) => void,
  patienceSeconds: number = silentSeconds,
) => {
  const { rank, hosts } = meeting;
  const loss = new Int32Array(new SharedArrayBuffer(4 * Int32Array.BYTES_PER_ELEMENT));
  const secret = randomBytes(16).toString("hex");
  let failure: string | undefined;
  let hear: (message: HeartbeatMessage | undefined) => void = () => undefined;
  const next = (): Promise<HeartbeatMessage | undefined> => new Promise((resolve) => (hear = resolve));
  /** @returns the thread, and what it tells first */
  const start = async (door?: Door) => {
    const data: HeartbeatOptions = { rank, hosts, door, secret, patienceSeconds, loss: loss.buffer };
    const told = next();
    const thread = nodeThreads.start<HeartbeatMessage>("distributed/heartbeat-worker", {
      data,
      onMessage: (message) => hear(message),
      onStop: (reason) => {
        failure ??= reason;
        hear(undefined);
      },
    });
    const message = await told;
    thread.keepProcess(false);
    return { thread, message };
  };

  /** Of rank 0, which has the others told where it is. */
  const open = async () => {
    const { thread, message } = await start();
    const port = message?.kind === "open" ? message.port : 0;
    const door: Door = { addresses: ownAddresses(), port, secret };
    await fromFirst(meeting, new TextEncoder().encode(JSON.stringify(door)));
    return { thread, isHeard: port !== 0 };
  };
  const connect = async () => {
    const { addresses, ...door } = JSON.parse(
      new TextDecoder().decode(await fromFirst(meeting, new Uint8Array())),
    ) as Door;
    const isHere = hosts[0] === hosts[rank];
    const { thread, message } = await start({ addresses: isHere ? [loopback, ...addresses] : addresses, ...door });
    return { thread, isHeard: message?.kind === "connected" && message.isHeard };
  };
  const { thread, isHeard } = await (rank === 0 ? open() : connect());
  const heard = await meeting.allGather(Uint8Array.of(isHeard ? 1 : 0));
  for (const [other, isHeard] of heard.entries())
    if (rank === 0 && isHeard === 0)
      note(
        `${nameRank(meeting, other)} has no connection to ${nameRank(meeting, 0)} by TCP beside MPI's: nothing will be said where it ends or stands still`,
      );

  return {
    /** @throws UserError where a rank is lost, of which people have been told */
    requireAll: (): void => {
      if (failure !== undefined) throw new Error(`the heartbeat stopped: ${failure}`);
      const kind = losses[Atomics.load(loss, lossFields.kind) - 1];
      if (kind === undefined) return;
      const [lost = 0, seconds = 0] = loss.subarray(lossFields.rank);
      throw describeLoss(hosts, { kind, rank: lost, seconds });
    },
    /** This rank is asked to stop, and so are others, as it seems: these may end before it does. */
    expectEnds: (): void => void Atomics.store(loss, lossFields.isAsked, 1),
    /** @returns the ranks that were to leave with it and have not, within the time after which they are lost */
    stop: async (ending: Ending): Promise<readonly number[]> => {
      const left = next();
      if (failure === undefined) {
        thread.keepProcess(true);
        thread.post(ending satisfies Ending);
      } else hear(undefined);
      const message = await left;
      await thread.end();
      return message?.kind === "left" ? message.missing : [];
    },
  };
};
