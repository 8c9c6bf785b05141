import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { findProgram } from "../files/find-program.ts";
import { UserError } from "../user-error.ts";
import { firstDirectShowDevice, listDirectShow, type Recorder, recordersOf } from "./recorders.ts";

/** So long a program may give nothing before another is tried. */
const patienceMs = 10_000;
const mostErrorText = 4096;

export interface Microphone {
  /** What records, for people: "ffmpeg, PulseAudio". */
  readonly recorder: string;
  /** Samples as `recorders.ts` has them, without end. */
  readonly stream: Readable;
  /** Ends the stream. */
  readonly close: () => void;
}

export interface MicrophoneOptions {
  /** As the system names it. Default: the system's own. */
  readonly device?: string | undefined;
  /** As Node.js names it. Default: this one. */
  readonly platform?: string;
}

type Recording = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Begins to record, by the first program on the PATH that can.
 * @throws UserError where there is none, or none gives sound
 */
export const openMicrophone = async ({
  device,
  platform = process.platform,
}: MicrophoneOptions = {}): Promise<Microphone> => {
  const failures: string[] = [];
  for (const recorder of recordersOf(platform)) {
    const path = await findProgram(recorder.program);
    if (path === undefined) continue;
    const name = `${recorder.program}, ${recorder.system}`;
    const source = device ?? recorder.usual ?? (await firstDevice(path));
    const begun = source === undefined ? "no microphone is listed" : await begin(path, recorder, source);
    if (typeof begun === "string") failures.push(`${name}: ${begun}`);
    else return { recorder: name, stream: begun.stdout, close: () => void begun.kill() };
  }
  if (failures.length > 0) {
    throw new UserError("microphone-silent", { failures }, `no sound can be recorded (${failures.join("; ")})`);
  }
  throw new UserError(
    "recorder-missing",
    { platform },
    `no program that records is on the PATH; ${installing[platform] ?? "install sox"}`,
  );
};

const installing: Readonly<Record<string, string>> = {
  linux: "install one, such as by apt-get install ffmpeg, or alsa-utils for arecord",
  darwin: "install one, such as by brew install ffmpeg",
  win32: "install one, such as by winget install ffmpeg",
};

const firstDevice = (ffmpeg: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    // It always ends with an error: the list is what it was asked for.
    execFile(ffmpeg, listDirectShow, { timeout: patienceMs, windowsHide: true }, (_, stdout, stderr) =>
      resolve(firstDirectShowDevice(stdout + stderr)),
    );
  });

/** @returns the process when its first samples have come, or why none came */
const begin = (path: string, { args, environment }: Recorder, device: string): Promise<Recording | string> =>
  new Promise((resolve) => {
    const env = { ...process.env, ...environment?.(device) };
    const child = spawn(path, args(device), { stdio: ["ignore", "pipe", "pipe"], windowsHide: true, env });
    let text = "";
    child.stderr.setEncoding("utf8");
    // What it goes on to say is not kept.
    child.stderr.on("data", (chunk: string) => {
      if (text.length < mostErrorText) text += chunk;
    });
    const timer = setTimeout(() => fail(`nothing came for ${patienceMs / 1000} s`), patienceMs);
    const fail = (reason: string): void => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      resolve(reason);
    };
    child.on("error", ({ message }) => fail(message));
    child.on("close", (code) => fail(text.trim().split("\n").at(-1)?.trim() || `exit code ${code}`));
    child.stdout.once("readable", () => {
      // Its end is readable, too.
      if (child.stdout.readableLength === 0) return;
      clearTimeout(timer);
      resolve(child);
    });
  });
