/** A graphics processor in software, for the tests of WebGPU. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { onceForAll } from "./once-for-all.ts";

const webgpuUrl = pathToFileURL(createRequire(import.meta.url).resolve("webgpu"));
const program = `
  import { create } from ${JSON.stringify(webgpuUrl.href)};
  console.log((await create([]).requestAdapter()) ? "found" : "none");
`;

/** Asked in a process of its own: Vulkan reads its environment once, and explains on stderr what it lacks. */
const isUsable = (driver: string): boolean => {
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...process.env, VK_DRIVER_FILES: driver },
    encoding: "utf8",
    timeout: 30_000,
  });
  return stdout.trim() === "found";
};

/** Where Debian's chromium keeps SwiftShader. */
const debianDriver = "/usr/lib/chromium/vk_swiftshader_icd.json";
const driver = process.env["VK_DRIVER_FILES"] ?? debianDriver;

/**
 * The Vulkan driver, or `undefined` where there is none: assign it to `process.env["VK_DRIVER_FILES"]` before the first
 * session on WebGPU.
 */
export const softwareGpu: string | undefined = onceForAll("SOFTWARE_GPU", () => isUsable(driver)) ? driver : undefined;
