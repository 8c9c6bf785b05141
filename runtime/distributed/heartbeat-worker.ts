/** The thread of a heartbeat. */
import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { writeSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { nodeParent } from "../threads/node.ts";
import type { Ending } from "./collective.ts";
import {
  connectingMs,
  describeLoss,
  type Door,
  type HeartbeatMessage,
  type HeartbeatOptions,
  type LossKind,
  losses,
  lossFields,
} from "./heartbeat.ts";

/** A beat; that a rank ends as all others know; that the training is over, which rank 0 tells. */
const words = { isHere: 1, leaves: 2, allEnd: 3 } as const;
const secondMs = 1000;
/** Between looks whether the others have left. */
const leavingMs = 2;
/** How long one that ends waits that the others close their connections, so that what it said last is read. */
const closingMs = 1000;
const parent = await nodeParent<HeartbeatOptions>();
const post = (message: HeartbeatMessage): void => parent.post(message);
const { rank, hosts, door, secret, patienceSeconds } = parent.data;
const loss = new Int32Array(parent.data.loss);
let isEnding = false;

/**
 * The first that is wrong is what counts. It is told at once, and not when the training comes to see it, between steps: launchers end
 * all processes within milliseconds (Hydra) to two seconds (Open MPI 4) after one has ended.
 */
const lose = (kind: LossKind, other: number, seconds = 0): void => {
  if (isEnding || Atomics.load(loss, lossFields.kind) !== 0) return;
  if (kind === "ended" && Atomics.load(loss, lossFields.isAsked) !== 0) return;
  // What goes through `process.stderr` waits for the thread that started this one.
  if (kind !== "told") writeSync(2, `${describeLoss(hosts, { kind, rank: other, seconds }).message}\n`);
  loss.set([other, seconds], lossFields.rank);
  Atomics.store(loss, lossFields.kind, losses.indexOf(kind) + 1);
};

let turnedAt = performance.now();
/** A process that stands still for as long as others take for its end must not act as if it was there. */
const noticePause = (): void => {
  const stoodMs = performance.now() - turnedAt;
  turnedAt = performance.now();
  if (stoodMs > patienceSeconds * secondMs) lose("paused", rank, Math.round(stoodMs / secondMs));
};

/** What passes between this rank and another. */
const watch = (other: number, socket: Socket) => {
  /** Counted in turns of this thread, so that a rank that stood still itself does not take it for the others' silence. */
  let [silentTurns, hasLeft, isClosed] = [0, false, false];
  socket.setNoDelay();
  socket.on("data", (bytes) => {
    silentTurns = 0;
    hasLeft ||= bytes.includes(words.leaves);
    if (bytes.includes(words.allEnd)) lose("told", other);
  });
  // It is closed then.
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isClosed = true;
    noticePause();
    if (!hasLeft) lose("ended", other);
  });
  return {
    rank: other,
    turn: (): void => {
      silentTurns += 1;
      if (socket.writable) socket.write(Uint8Array.of(words.isHere));
      if (silentTurns > patienceSeconds && !hasLeft) lose("silent", other, patienceSeconds);
    },
    say: (word: number): void => void socket.write(Uint8Array.of(word)),
    end: (): void => void socket.end(),
    hasLeft: () => hasLeft,
    isClosed: () => isClosed,
    /** Nobody waits for it any longer. */
    isGone: () => hasLeft || isClosed || silentTurns > patienceSeconds,
  };
};

const peers: ReturnType<typeof watch>[] = [];

const secretBytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const greetingOf = (secret: string, rank: number): Buffer =>
  Buffer.concat([secretBytes(secret), Buffer.from(Uint32Array.of(rank).buffer)]);
const greetingBytes = greetingOf(secret, rank).byteLength;

/** Rank 0's, until all others have come in or given up. */
const openDoor = async (): Promise<number> => {
  const server = createServer((socket) => {
    const giveUp = globalThis.setTimeout(() => socket.destroy(), connectingMs);
    let greeting = Buffer.alloc(0);
    const read = (bytes: Buffer): void => {
      greeting = Buffer.concat([greeting, bytes]);
      if (greeting.byteLength < greetingBytes) return;
      clearTimeout(giveUp);
      socket.off("data", read);
      const own = secretBytes(secret);
      const isOurs = timingSafeEqual(greeting.subarray(0, own.byteLength), own);
      const other = greeting.readUInt32LE(own.byteLength);
      const isAwaited = other > 0 && other < hosts.length && peers.every(({ rank }) => rank !== other);
      if (!isOurs || !isAwaited) return void socket.destroy();
      const peer = watch(other, socket);
      peers.push(peer);
      peer.say(words.isHere);
      if (peers.length === hosts.length - 1) server.close();
    };
    socket.on("data", read);
    socket.on("error", () => undefined);
  });
  globalThis.setTimeout(() => server.close(), 2 * connectingMs);
  server.listen(0);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
};

/** Connects to rank 0, by whichever of its addresses leads there. */
const enter = async ({ addresses, port, secret }: Door): Promise<boolean> => {
  const sockets: Socket[] = [];
  const tries = addresses.map(async (host) => {
    const socket = connect({ host, port });
    sockets.push(socket);
    await once(socket, "connect");
    socket.write(greetingOf(secret, rank));
    const [answer] = (await Promise.race([once(socket, "data"), once(socket, "close")])) as [unknown];
    if (!(answer instanceof Uint8Array)) throw new Error("refused");
    return socket;
  });
  const giveUp = globalThis.setTimeout(
    () => sockets.forEach((socket) => socket.destroy(new Error("too late"))),
    connectingMs,
  );
  const entered = await Promise.any(tries).catch(() => undefined);
  clearTimeout(giveUp);
  for (const socket of sockets) {
    if (socket === entered) continue;
    socket.on("error", () => undefined);
    socket.destroy();
  }
  if (entered) peers.push(watch(0, entered));
  return entered !== undefined;
};

const until = async (isSo: () => boolean, ms: number): Promise<void> => {
  const end = performance.now() + ms;
  while (!isSo() && performance.now() < end) await setTimeout(leavingMs);
};

/** @returns who has not left with it */
const leave = async (ending: Ending): Promise<readonly number[]> => {
  isEnding = true;
  const say = (word: number): void => peers.forEach(({ say }) => say(word));
  const areAllWell = (): boolean => peers.every(({ hasLeft }) => hasLeft());
  if (ending === "alone") {
    if (rank === 0) say(words.allEnd);
  } else {
    // Rank 0 is the last, once it has saved: by its leave the others know that all are there. A launcher may end all, rank 0 too, as
    // soon as one has failed.
    if (rank !== 0) say(words.leaves);
    await until(() => peers.every(({ isGone }) => isGone()), ending === "told" ? Infinity : patienceSeconds * secondMs);
    if (rank === 0) say(areAllWell() ? words.leaves : words.allEnd);
  }
  const missing = peers.filter(({ hasLeft }) => ending !== "alone" && !hasLeft()).map(({ rank }) => rank);
  for (const { end } of peers) end();
  await until(() => peers.every(({ isClosed }) => isClosed()), closingMs);
  return missing;
};

parent.onMessage((ending: Ending) => void leave(ending).then((missing) => post({ kind: "left", missing })));
if (door === undefined) post({ kind: "open", port: await openDoor() });
else post({ kind: "connected", isHeard: await enter(door) });
setInterval(() => {
  noticePause();
  for (const { turn } of peers) turn();
}, secondMs);
