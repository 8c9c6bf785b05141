/** Ranks that a library of the standard's ABI joins, whosever it is: `mpiexec` is to be the same one's. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { enterWorkspace } from "../train/run-workspace.ts";
import { standardMpi } from "./standard-mpi.ts";

const cli = fileURLToPath(new URL("../../../dist/runtime/cli.js", import.meta.url));
const environment = {
  ...process.env,
  SPECGRAPH_MPI: standardMpi,
  // More ranks than cores, as root: Open MPI asks.
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  PRTE_MCA_mapby: ":oversubscribe",
};

const train = ["train", "graph.onnx", "--data", "clips", "--batch", "4", "--device", "cpu", "--json"];
const onRank = (args: readonly string[]): readonly string[] => [process.execPath, cli, ...args, "--distributed", "mpi"];

const run = (program: string, args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", env: environment });
  const losses = Array.from(stdout.matchAll(/"event":"step".*"loss":([^,}]+)/g), ([, loss]) => Number(loss));
  return { status, stdout, stderr, losses };
};
const onRanks = (count: number, args: readonly string[]) => run("mpiexec", ["-n", String(count), ...onRank(args)]);

describe.skipIf(standardMpi === undefined)("ranks of the standard's ABI", () => {
  test("make the steps that one process makes, and go on as other numbers of them", () => {
    enterWorkspace();
    const alone = run(process.execPath, [cli, ...train, "--epochs", "10", "--out", "alone"]).losses;
    expect(alone.length).toBeGreaterThanOrEqual(20);
    const joint = onRanks(2, [...train, "--epochs", "5", "--out", "joint"]);
    expect(joint).toMatchObject({ status: 0 });
    const resumed = onRanks(4, ["train", "--resume", "--epochs", "10", "--out", "joint", "--json"]);
    expect(resumed).toMatchObject({ status: 0 });
    for (const [step, loss] of [...joint.losses, ...resumed.losses].entries())
      expect(loss).toBeCloseTo(alone[step] ?? Number.NaN, 5);
  });

  test("that were given other options are refused, by the rank's name", () => {
    enterWorkspace();
    const one = ["-n", "1", ...onRank([...train, "--epochs", "4", "--out", "run"])];
    const { status, stderr } = run("mpiexec", [...one, ":", ...one, "--seed", "3"]);
    expect(stderr).toMatch(/rank 1 on \S+ was started with other options than rank 0: --seed is 3/);
    expect(status).toBe(2);
    expect(existsSync("run/graph.onnx")).toBe(false);
  });
});
