/** Chromium, for tests of what runs in a browser: Debian's, or that of the variable CHROMIUM. None is downloaded. */
import { spawnSync } from "node:child_process";
import { type Browser, chromium } from "playwright-core";
import { onceForAll } from "../once-for-all.ts";

const path = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** undefined where there is none; tests in it are skipped then. */
export const chromiumPath: string | undefined = onceForAll(
  "CHROMIUM",
  () => spawnSync(path, ["--version"], { stdio: "ignore", timeout: 30_000 }).status === 0,
)
  ? path
  : undefined;

/**
 * Starts it without a window: WebGPU on SwiftShader, a GPU in software, and a microphone that is not real, which a page hears
 * where its context has the permission.
 * @param microphone a WAV file that the microphone plays over and over; null: there is none. Default: Chromium's beeps
 */
export const launchChromium = (microphone?: string | null): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath ?? path,
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      ...(microphone === null ? [] : ["--use-fake-device-for-media-stream"]),
      ...(typeof microphone === "string" ? [`--use-file-for-fake-audio-capture=${microphone}`] : []),
    ],
  });
