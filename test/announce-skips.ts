/** Says once, before the tests, which of them lack something on this machine. */
import { softwareGpu } from "./software-gpu.ts";

const needs = { AST_DATA: "recorded clips", AST_WEIGHTS: "real checkpoints" } as const;

export const setup = (): void => {
  for (const [variable, what] of Object.entries(needs)) {
    if (!process.env[variable]) console.log(`${variable} is not set: tests on ${what} are skipped (CONTRIBUTING.md)`);
  }
  if (softwareGpu === undefined)
    console.log("no Vulkan device, not even SwiftShader: tests on WebGPU are skipped (CONTRIBUTING.md)");
};
