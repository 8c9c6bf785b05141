/** Ranks that Open MPI starts, on this machine. */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { clips, optionsOf } from "../train/recipe-run.ts";
import { enterFolder, enterWorkspace } from "../train/run-workspace.ts";
import { differences, movementApart } from "./movement.ts";

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

/** As 16-bit samples. */
const noiseOf = (samples: number, name: string): readonly number[] =>
  Array.from(generateTensor(`mpi/${name}`, samples, 3000), Math.round);

const globNames = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".wav"))
    .map((name) => join(folder, name));

const isAlive = (pid: number): boolean =>
  spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.match(/^[^Z\s]/) !== null;

describe.skipIf(!hasMpi)("ranks of Open MPI", () => {
  test("make the steps that one process makes, on all that a recipe may have; rank 0 tells of them, and has the folder", async () => {
    const begun = optionsOf("batch: 8, epochs: 4").artifact.path;
    enterFolder(
      Object.fromEntries(
        clips.map(({ name, classIndices }, index) => [
          `clips/${classIndices[0] === 1 ? "yes" : "no"}/${name}.wav`,
          wavBytes(noiseOf(2000 + 40 * index, name)),
        ]),
      ),
    );
    const args = [cli, "train", begun, "--data", "clips", "--device", "cpu", "--json"];
    const alone = run(process.execPath, [...args, "--out", "alone"]);
    const joint = run("mpirun", ranks(2, [...args, "--out", "joint"]));
    expect(joint).toMatchObject({ status: 0, stderr: "" });
    expect(alone.losses).toHaveLength(20);
    expect(Math.max(...differences(joint.losses, alone.losses).map(Math.abs))).toBeLessThan(1e-5);
    const graphs = { begun, found: "joint/graph.onnx", expected: "alone/graph.onnx" };
    expect(await movementApart(graphs)).toBeLessThan(1e-4);
    expect(joint.events.filter(({ event }) => event === "start")).toMatchObject([
      { batch: 8, clipsAtOnce: 4, ranks: 2 },
    ]);
    const took = {
      ranks: 2,
      steps: 16, // but for the first of each epoch, before which others are evaluated
      seconds: expect.any(Number),
      secondsAveraging: expect.any(Number),
      secondsWaiting: expect.any(Number),
      slowest: { rank: expect.any(Number), host: hostname() },
    };
    expect(joint.events.at(-1)).toMatchObject({ event: "done", ranks: took });
    expect(JSON.parse(readFileSync("joint/usage.json", "utf8"))).toMatchObject({ ranks: took });
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
    expect(stderr).toContain(
      `rank 1 on ${hostname()} has ended in the middle of the training: it has crashed or was killed`,
    );
    expect(stderr).toMatch(/process rank 1 with PID \d+ on node \S+ exited on signal 9 \(Killed\)/);
    // mpirun does not wait for those that it ends.
    await vi.waitFor(() => expect(pids.filter(isAlive)).toStrictEqual([]), { timeout: 60_000, interval: 100 });
    const again = run("mpirun", ranks(3, [cli, "train", "--resume", "--out", "run", "--json"]));
    expect(again).toMatchObject({ status: 0, stderr: "" });
    expect(again.events[0]).toMatchObject({ event: "start", ranks: 3 });
    expect(Number(again.events[0]?.["stepsDone"])).toBeGreaterThanOrEqual(6);
    expect(again.events.at(-1)).toMatchObject({ event: "done", epochs: 60, interrupted: false });
  });

  /** Ranks in two folders, of which the second has other clips. */
  const inTwo = (change: (clips: string) => void) => {
    enterWorkspace();
    const other = temporaryFolder();
    cpSync(".", other, { recursive: true });
    change(join(other, "clips"));
    const one = [process.execPath, ...train, "--out", "run", "--distributed", "mpi"];
    return run("mpirun", ["--oversubscribe", "-np", "1", ...one, ":", "-np", "1", "-wdir", other, ...one]);
  };

  test("of which one lacks a clip end before the first step, with the clip's name", () => {
    const { status, stderr, losses } = inTwo((clips) => rmSync(join(clips, "low", "3.wav")));
    expect({ status, losses }).toStrictEqual({ status: 2, losses: [] });
    expect(stderr).toContain(`rank 1 on ${hostname()} has no clips/low/3.wav\n`);
  });

  test("of which one has other clips end before the first step, with the first one's name", () => {
    const { status, stderr } = inTwo((clips) => {
      for (const name of ["1.wav", "4.wav"]) writeFileSync(join(clips, "low", name), "RIFF");
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(
      new RegExp(
        `rank 1 on ${hostname()} has another clips/low/[14]\\.wav than rank 0: of 4 bytes, not \\d+; so it is with 2 of its 10 clips\n`,
      ),
    );
  });

  test("of which one cannot read a clip end with the clip's name and the rank's, and what is trained is saved", () => {
    const { status, stderr } = inTwo((clips) => {
      for (const path of globNames(clips)) writeFileSync(path, Buffer.alloc(statSync(path).size, 7));
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(
      new RegExp(`clips/(low|high)/\\d\\.wav: .* \\(rank 1 on ${hostname()}\\)\nwhat is trained so far is saved`),
    );
    expect(existsSync("run/checkpoint.safetensors")).toBe(true);
  });

  test("that were given other options are refused, by the rank's name", () => {
    enterWorkspace();
    const one = ["-np", "1", process.execPath, ...train, "--out", "run", "--distributed", "mpi"];
    const { status, stderr } = run("mpirun", ["--oversubscribe", ...one, ":", ...one, "--seed", "3"]);
    expect(stderr).toMatch(
      /rank 1 on \S+ was started with other options than rank 0: --seed is 3, and not given on rank 0$/m,
    );
    expect(status).toBe(2);
  });
});
