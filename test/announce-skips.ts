/** Says once, before the tests, which of them lack something on this machine. */
import { spawnSync } from "node:child_process";
import { standardMpi } from "./runtime/distributed/standard-mpi.ts";
import { softwareGpu } from "./software-gpu.ts";
import { chromiumPath } from "./web/chromium.ts";

const needs = { AST_DATA: "recorded clips", AST_WEIGHTS: "real checkpoints" } as const;

const isThere = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: "ignore" }).status === 0;

const homes = [
  ["Bun", isThere("bun", "--version")],
  ["Deno", isThere("deno", "--version")],
  ["Docker", isThere("docker", "info")],
  ["Open MPI's mpirun", isThere("mpirun", "--version")],
  ["an MPI library of the standard's ABI", standardMpi !== undefined],
  ["Python's onnxruntime, numpy and soundfile", isThere("python3", "-c", "import onnxruntime, numpy, soundfile")],
] as const;

export const setup = (): void => {
  for (const [variable, what] of Object.entries(needs)) {
    if (!process.env[variable]) console.log(`${variable} is not set: tests on ${what} are skipped (CONTRIBUTING.md)`);
  }
  if (softwareGpu === undefined)
    console.log("no Vulkan device, not even SwiftShader: tests on WebGPU are skipped (CONTRIBUTING.md)");
  if (chromiumPath === undefined) console.log("no Chromium: tests in a browser are skipped (CONTRIBUTING.md)");
  for (const [what, isFound] of homes) if (!isFound) console.log(`${what}: not found; tests in it are skipped`);
};
