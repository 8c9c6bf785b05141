/** Ranks that Open MPI starts, on this machine. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { enterWorkspace } from "../train/run-workspace.ts";

const cli = fileURLToPath(new URL("../../../dist/runtime/cli.js", import.meta.url));
const hasMpi = spawnSync("mpirun", ["--version"], { stdio: "ignore" }).status === 0;
const environment = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };

const train = [
  cli,
  "train",
  "graph.onnx",
  "--data",
  "clips",
  "--epochs",
  "4",
  "--batch",
  "3",
  "--device",
  "cpu",
  "--json",
];
const ranks = (count: number, args: readonly string[]): readonly string[] => [
  "--oversubscribe",
  "-np",
  String(count),
  process.execPath,
  ...args,
  "--distributed",
  "mpi",
];

const run = (program: string, args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", env: environment });
  const events = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    status,
    stderr,
    events,
    losses: events.flatMap(({ event, loss }) => (event === "step" ? [Number(loss)] : [])),
  };
};

const childrenOf = (pid = 0): readonly { readonly pid: number; readonly args: string }[] => {
  const { stdout } = spawnSync("ps", ["-o", "pid=,args=", "--ppid", String(pid)], { encoding: "utf8" });
  return Array.from(stdout.matchAll(/^ *(\d+) (.*)$/gm), ([, pid, args = ""]) => ({ pid: Number(pid), args }));
};

const isAlive = (pid: number): boolean =>
  spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.match(/^[^Z\s]/) !== null;

describe.skipIf(!hasMpi)("ranks of Open MPI", () => {
  test("make the steps that one process makes; rank 0 tells of them, and has the folder", () => {
    enterWorkspace();
    const alone = run(process.execPath, [...train, "--out", "alone"]);
    const joint = run("mpirun", ranks(2, [...train, "--out", "joint"]));
    expect(joint.stderr).toBe("");
    expect(joint.status).toBe(0);
    expect(joint.losses).toHaveLength(alone.losses.length);
    for (const [step, loss] of joint.losses.entries()) expect(loss).toBeCloseTo(alone.losses[step] ?? Number.NaN, 5);
    expect(joint.events.filter(({ event }) => event === "start")).toMatchObject([
      { batch: 3, clipsAtOnce: 2, ranks: 2 },
    ]);
    expect(existsSync("joint/graph.onnx")).toBe(true);
  });

  test("end when one is killed, and another number of them goes on", async () => {
    enterWorkspace();
    const many = train.with(train.indexOf("--epochs") + 1, "60");
    const child = spawn("mpirun", ranks(2, [...many, "--out", "run"]), { env: environment });
    let [stdout, stderr] = ["", ""];
    let pids: readonly number[] = [];
    child.stderr.on("data", (text) => (stderr += String(text)));
    for await (const text of child.stdout) {
      stdout += String(text);
      if (pids.length > 0 || !stdout.includes('"epoch":3')) continue;
      pids = childrenOf(child.pid).flatMap(({ pid, args }) => (args.includes("--distributed mpi") ? [pid] : []));
      process.kill(Math.max(...pids), "SIGKILL");
    }
    expect(stderr).toMatch(/process rank 1 with PID \d+ on node \S+ exited on signal 9 \(Killed\)/);
    // mpirun does not wait for those that it ends.
    await vi.waitFor(() => expect(pids.filter(isAlive)).toStrictEqual([]), { timeout: 60_000, interval: 100 });
    const again = run("mpirun", ranks(3, [cli, "train", "--resume", "--out", "run", "--json"]));
    expect(again).toMatchObject({ status: 0, stderr: "" });
    expect(again.events[0]).toMatchObject({ event: "start", ranks: 3 });
    expect(Number(again.events[0]?.["stepsDone"])).toBeGreaterThanOrEqual(6);
    expect(again.events.at(-1)).toMatchObject({ event: "done", epochs: 60, interrupted: false });
  });

  test("that were given other options are refused, by the rank's name", () => {
    enterWorkspace();
    const one = ["-np", "1", process.execPath, ...train, "--out", "run", "--distributed", "mpi"];
    const { status, stderr } = run("mpirun", ["--oversubscribe", ...one, ":", ...one, "--seed", "3"]);
    expect(stderr).toMatch(/rank 1 on \S+ was started with other options than rank 0: .*"seed":3/);
    expect(status).toBe(2);
  });
});
