import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

/** The first use of a driver may compile its kernels. */
const limitMs = 60_000;

const answerLine = /^answer: (.*)$/m;

/** Node 20 cannot run TypeScript: where this module runs from source, in the tests, the built program is run. */
const program = fileURLToPath(
  new URL(
    import.meta.url.endsWith(".ts") ? "../../dist/runtime/devices/probe-program.js" : "../devices/probe-program.js",
    import.meta.url,
  ),
);

/** The answer of `probe-program adapter` where the npm package webgpu is missing. */
export const notInstalled = "not installed";

export interface ProbeResult {
  /** `undefined` where the probe failed. */
  readonly answer: unknown;
  /** What the libraries printed, or what ended the probe. */
  readonly log: string;
}

/** Runs `probe-program` with the arguments; without an answer within a minute it counts as failed. */
export const runProbe = (...args: readonly string[]): Promise<ProbeResult> =>
  new Promise((resolve) => {
    const options = { timeout: limitMs, killSignal: "SIGKILL", windowsHide: true } as const;
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      const log = stripVTControlCharacters(`${stdout.replace(answerLine, "")}\n${stderr}`).trim();
      const [, json] = answerLine.exec(stdout) ?? [];
      // First, as a driver that crashes when the process ends has answered all the same.
      if (json !== undefined) resolve({ answer: JSON.parse(json), log });
      else if (error?.killed === true)
        resolve({ answer: undefined, log: `no answer within ${limitMs / 1000} seconds` });
      else if (error?.signal) resolve({ answer: undefined, log: `it crashed with ${error.signal}` });
      else resolve({ answer: undefined, log });
    });
  });
