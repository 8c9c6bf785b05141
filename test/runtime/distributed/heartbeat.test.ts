/** Heartbeats of two ranks in one process, where no launcher ends those that are left. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { test, vi } from "vitest";
import type { Collective } from "../../../runtime/distributed/collective.ts";
import { type Door, startHeartbeat } from "../../../runtime/distributed/heartbeat.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { createMeeting } from "./in-memory.ts";

const hosts = ["here", "there"];
const notes: string[] = [];

/** @returns what two ranks meet by, and what rank 0 has sent the other */
const meetings = () => {
  const meet = createMeeting(2);
  const sent: Uint8Array[] = [];
  const of = (rank: number): Pick<Collective, "rank" | "size" | "hosts" | "allGather" | "broadcast"> => ({
    rank,
    size: 2,
    hosts,
    allGather: async (own) => Uint8Array.from((await meet(rank, own.slice())).flatMap((bytes) => [...bytes])),
    broadcast: async (bytes, from) => {
      const all = await meet(rank, bytes.slice());
      bytes.set(all[from] ?? []);
      if (rank === 1) sent.push(bytes);
    },
  });
  return { of, sent };
};

const startBoth = async (patienceSeconds?: number) => {
  const { of } = meetings();
  const note = (text: string): void => void notes.push(text);
  const [first, second] = await Promise.all([0, 1].map((rank) => startHeartbeat(of(rank), note, patienceSeconds)));
  if (!first || !second) throw new Error("there are two");
  return [first, second] as const;
};

type Heartbeat = Awaited<ReturnType<typeof startHeartbeat>>;

const failureOf = ({ requireAll }: Heartbeat): Promise<unknown> =>
  vi.waitUntil(
    () => {
      try {
        requireAll();
        return undefined;
      } catch (error) {
        return error;
      }
    },
    { timeout: 10_000, interval: 10 },
  );

test.concurrent("ranks that come to the end together wait for one another", async ({ expect }) => {
  const [first, second] = await startBoth();
  const left = first.stop("together");
  expect(await Promise.race([left, setTimeout(300, "waits")])).toBe("waits");
  expect(second.requireAll).not.toThrow();
  expect(await Promise.all([left, second.stop("together")])).toStrictEqual([[], []]);
  expect(notes).toStrictEqual([]);
});

test.concurrent("one that does not come to the end is not waited for without limit, and neither ends as if all were well", async ({
  expect,
}) => {
  const [first, second] = await startBoth(2);
  expect(await first.stop("together")).toStrictEqual([1]);
  expect(await failureOf(second)).toMatchObject({ code: "ended-by-rank" });
  expect(await second.stop("together")).toStrictEqual([0]);
});

test.concurrent("one that ends without a word is named at once", async ({ expect }) => {
  const [first, second] = await startBoth();
  await second.stop("alone");
  expect(await failureOf(first)).toStrictEqual(
    new UserError(
      "rank-ended",
      { rank: 1, host: "there", awaitsLauncher: false },
      "rank 1 on there has ended in the middle of the training: it has crashed or was killed, perhaps for want of memory",
    ),
  );
  await first.stop("alone");
});

test.concurrent("one that ends as all know is not lost, and waits until rank 0 does", async ({ expect }) => {
  const [first, second] = await startBoth(2);
  const left = second.stop("told");
  expect(await Promise.race([left, setTimeout(3500, "waits")])).toBe("waits");
  expect(first.requireAll).not.toThrow();
  expect(await Promise.all([first.stop("told"), left])).toStrictEqual([[], []]);
});

test.concurrent("rank 0 tells the others that it is over", async ({ expect }) => {
  const [first, second] = await startBoth();
  await first.stop("alone");
  expect(await failureOf(second)).toStrictEqual(
    new UserError(
      "ended-by-rank",
      { rank: 0, host: "here", awaitsLauncher: true },
      "the training has ended; rank 0 on here tells why",
    ),
  );
  await second.stop("alone");
});

/** Rank 0 with something that enters in the place of rank 1. */
const startBeside = async (secretOf: (secret: string) => string, onTestFinished: (act: () => void) => void) => {
  const { of, sent } = meetings();
  const started = startHeartbeat(of(0), () => undefined, 2);
  const { allGather, broadcast } = of(1);
  const lengths = new Uint32Array((await allGather(new Uint8Array(4))).buffer);
  await broadcast(new Uint8Array(lengths[0] ?? 0), 0);
  const { port, secret } = JSON.parse(new TextDecoder().decode(sent[0])) as Door;
  const socket = connect({ host: "127.0.0.1", port });
  onTestFinished(() => void socket.destroy());
  socket.write(Buffer.concat([Buffer.from(secretOf(secret), "hex"), Buffer.from(Uint32Array.of(1).buffer)]));
  await allGather(Uint8Array.of(1));
  return { first: await started, socket };
};

test.concurrent("one that says nothing is lost, however long its connection lasts", async ({
  expect,
  onTestFinished,
}) => {
  const { first, socket } = await startBeside((secret) => secret, onTestFinished);
  await once(socket, "data");
  expect(await failureOf(first)).toMatchObject({
    code: "rank-lost",
    message:
      "rank 1 on there has not been heard of for 2 seconds: its process or its machine stands still or is cut off",
  });
  await first.stop("alone");
});

test.concurrent("who does not know the training's secret is not let in", async ({ expect, onTestFinished }) => {
  const { first, socket } = await startBeside((secret) => secret.replaceAll(/./g, "0"), onTestFinished);
  const heard: unknown[] = [];
  socket.on("data", (bytes) => heard.push(bytes));
  await once(socket, "close");
  expect(heard).toStrictEqual([]);
  expect(first.requireAll).not.toThrow();
  await first.stop("alone");
});

test.concurrent("rank 0 says who has no connection to it", async ({ expect }) => {
  const { of } = meetings();
  const told: string[] = [];
  const started = startHeartbeat(of(0), (text) => void told.push(text));
  const { allGather, broadcast } = of(1);
  const lengths = new Uint32Array((await allGather(new Uint8Array(4))).buffer);
  await broadcast(new Uint8Array(lengths[0] ?? 0), 0);
  await allGather(Uint8Array.of(0));
  await (await started).stop("alone");
  expect(told).toStrictEqual([
    "rank 1 on there has no connection to rank 0 on here by TCP beside MPI's: nothing will be said where it ends or stands still",
  ]);
});

test.concurrent("a process that stood still for too long ends when it goes on", async ({ expect, onTestFinished }) => {
  const module = new URL("../../../dist/runtime/distributed/heartbeat.js", import.meta.url).href;
  const script = `
    const { startHeartbeat } = await import(${JSON.stringify(module)});
    const twice = (own) => Promise.resolve(new Uint8Array([...own, ...own]));
    const meeting = { rank: 0, size: 2, hosts: ["here", "there"], allGather: twice, broadcast: () => Promise.resolve() };
    const { requireAll } = await startHeartbeat(meeting, () => undefined, 2);
    console.log("ready");
    const look = () => { try { requireAll(); } catch (error) { console.log(JSON.stringify(error)); process.exit(); } };
    setInterval(look, 10);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  child.kill("SIGSTOP");
  await setTimeout(3500);
  child.kill("SIGCONT");
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  expect(JSON.parse(String(said))).toMatchObject({
    code: "rank-paused",
    sentence: expect.stringMatching(
      /^rank 0 on here, this process, stood still for [3-9] seconds: the training has ended without it, and it writes nothing more$/,
    ),
  });
});
