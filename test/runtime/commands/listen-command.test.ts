import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { listenCommand } from "../../../runtime/commands/listen-command.ts";
import { firstDirectShowDevice, recordersOf } from "../../../runtime/audio/recorders.ts";
import { writeLinearModel } from "../artifact/linear-artifact.ts";
import { audioFixture } from "../audio/decode-bytes.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { compileTiny } from "../engine/compile-tiny.ts";
import { recordOutput } from "../record-output.ts";
import { saying } from "../saying.ts";

const cli = fileURLToPath(new URL("../../../dist/runtime/cli.js", import.meta.url));

/** The model hears 4 samples, 0.00025 s. */
const windows = ["--window", "0.00025", "--hop", "0.000125"];
const loudThenSilent = [...Array.from({ length: 8 }, () => 24_000), 0, 0, 0, 0];
const wav = wavBytes(loudThenSilent);
const pcm = wav.subarray(44);

const writeGraph = (): string => writeLinearModel(temporaryFolder());

let compiled: string | undefined;
/** A model of spectrograms, compiled once. */
const tinyGraph = (): string => {
  if (compiled !== undefined) return compiled;
  // A test's own folder goes with it.
  compiled = join(mkdtempSync(join(tmpdir(), "listen-")), "graph.onnx");
  cpSync(compileTiny("optimizer: adam({ learningRate: 1e-3 })"), compiled);
  return compiled;
};
afterAll(() => {
  if (compiled !== undefined) rmSync(dirname(compiled), { recursive: true });
});

/** What a process says, and how it ends. */
const outcomeOf = (child: ChildProcess) => {
  const told = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      told[name] += text;
    });
  }
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { told, ended };
};

const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const child = spawn(process.execPath, [cli, "listen", ...args, "--device", "cpu"], {
    env: { ...process.env, ...env },
  });
  child.stdin.on("error", () => undefined);
  return { child, ...outcomeOf(child) };
};

/** Listens to stdin: lines on stdout, and on stderr but for what is told of latency. */
const listen = async (args: readonly string[], input: Uint8Array, graph = writeGraph()) => {
  const { child, told, ended } = start([graph, ...args]);
  child.stdin.end(input);
  const code = await ended;
  const [lines, notes] = [told.stdout, told.stderr].map((text) => text.split("\n").filter((line) => line !== ""));
  return { code, lines, notes: notes?.filter((note) => !/^(listening to|heard) /.test(note)), stderr: told.stderr };
};

describe("stdin", () => {
  test("an audio file, as events", async () => {
    const { code, lines, stderr } = await listen([...windows, "--threshold", "0.7", "--merge"], wav);
    expect([code, lines]).toEqual([0, ["stdin", "    0.000      0.001  s  low 0.8123"]]);
    expect(stderr).toMatch(
      /^listening to stdin\nheard 0\.00 s of stdin in 5 windows; told \d+\.\d\d s after a window's end, \d+\.\d\d s at most\n$/,
    );
  });

  test("samples without a header, as what they are told to be", async () => {
    const raw = ["--rate", "16000"];
    const { lines, stderr } = await listen([...windows, ...raw, "--top", "1"], pcm);
    expect(lines).toHaveLength(6);
    expect(stderr).toMatch("listening to stdin, 1 channel of s16le at 16000 Hz\n");
    const stereo = Buffer.concat(
      [...pcm].flatMap((_, at) => (at % 2 === 0 ? [pcm.subarray(at, at + 2), pcm.subarray(at, at + 2)] : [])),
    );
    const two = ["--channels", "2", "--sample-format", "s16be"];
    expect((await listen([...windows, ...raw, ...two, "--top", "1"], Buffer.from(stereo).swap16())).lines).toEqual(
      lines,
    );
  });

  test("compressed, as it comes", async () => {
    const flac = await listen(["--json", "--top", "1"], audioFixture("sines.flac"));
    expect(flac.code).toBe(0);
    expect(flac.lines).toHaveLength(800);
    expect(JSON.parse(flac.lines?.[0] ?? "")).toEqual({
      clip: "stdin",
      startSeconds: 0,
      endSeconds: 0.000_25,
      scores: [{ label: expect.any(String), index: expect.any(Number), score: expect.any(Number) }],
      latencySeconds: expect.any(Number),
    });
  });

  test("as labels for other programs", async () => {
    const events = [...windows, "--threshold", "0.7", "--merge"];
    expect((await listen([...events, "--format", "audacity"], wav)).lines).toEqual(["0.000000\t0.000500\tlow"]);
    expect((await listen([...events, "--format", "csv"], wav)).lines?.[1]).toMatch(/^stdin,0,0\.0005,low,0\.81/);
  });

  test("events are told as they end, with how late, while sound goes on", async () => {
    const graph = writeGraph();
    const { child, told, ended } = start([
      graph,
      ...windows,
      "--threshold",
      "0.7",
      "--merge",
      "--json",
      "--rate",
      "16000",
    ]);
    const first = new Promise<string>((resolve) => child.stdout.once("data", resolve));
    child.stdin.write(pcm);
    const event = JSON.parse(await first) as Readonly<Record<string, number>>;
    expect(event).toMatchObject({ clip: "stdin", label: "low", startSeconds: 0, endSeconds: 0.0005 });
    expect(event["latencySeconds"]).toBeLessThan(30);
    // Sound goes on, and Ctrl-C tells what is open.
    child.stdin.write(pcm.subarray(0, 16));
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    const lines = told.stdout.trim().split("\n");
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({ label: "low", startSeconds: 0.000_625, endSeconds: 0.001_25 });
    expect(told.stderr).toBe("");
  });

  test.each([
    [
      "ends inside a sample",
      ["--rate", "16000"],
      pcm.subarray(0, 23),
      "stdin: it ends inside a sample: 1 of its 2 bytes have come; its first 0.001 s were heard",
      4,
    ],
    [
      "is no sound",
      [],
      Buffer.from("no sound at all"),
      "stdin: this is not audio that can be read; expected WAV, AIFF, CAF, AU, FLAC, MP3, Ogg, WebM, or what ffmpeg decodes; of samples without a header, say how many there are a second: --rate",
      0,
    ],
    ["is empty", [], Buffer.alloc(0), "stdin: the file is empty", 0],
    [
      "is too short",
      ["--rate", "16000"],
      pcm.subarray(0, 2),
      "stdin: the clip has 1 samples at 16000 Hz; the model needs 4 or more (0.25 ms)",
      0,
    ],
    [
      "changes its rate",
      [],
      Buffer.concat([audioFixture("sines-vorbis.ogg"), audioFixture("sines-opus.ogg")]),
      "stdin: its sample rate changes from 16000 to 48000 Hz; its first 0.200 s were heard",
      1599,
    ],
    [
      "is followed by another file",
      [],
      Buffer.concat([wav, wav]),
      "stdin: another WAV file follows in this one; expected one; its first 0.001 s were heard",
      5,
    ],
  ] as const)("what %s is heard until there, and the message is one", async (_, args, input, message, heard) => {
    const { code, lines, notes } = await listen([...windows, ...args, "--top", "1"], input);
    expect([code, notes]).toEqual([2, [message]]);
    // Under the name.
    expect(lines).toHaveLength(heard === 0 ? 0 : heard + 1);
  });
});

describe("what is asked", () => {
  test.each([
    [[], "runtime listen takes a graph; see runtime listen --help"],
    [
      ["g.onnx", "a.wav"],
      "runtime listen takes one graph, and - for stdin, not a.wav; files are for runtime infer --window",
    ],
    [["g.onnx", "--channels", "2"], "--channels needs --rate: it is about samples without a header"],
    [["g.onnx", "--sample-format", "u8"], "--sample-format needs --rate: it is about samples without a header"],
    [
      ["g.onnx", "--rate", "8000", "--sample-format", "s16"],
      "--sample-format is u8, s8, s16le, s16be, s24le, s24be, s32le, s32be, f32le, f32be, f64le, f64be, alaw or mulaw, not s16",
    ],
    [["g.onnx", "-", "--input", "hw:1"], "--input names a microphone, and - means stdin; leave one of them out"],
    [
      ["g.onnx", "--rate", "8000", "--input", "hw:1"],
      "--input names a microphone, and --rate is about stdin; leave one of them out",
    ],
    [["g.onnx", "-", "--merge"], "--merge needs --threshold: it is about events, of a score that high"],
    [
      ["g.onnx", "-", "--json", "--format", "csv"],
      "--json and --format csv contradict each other; leave one of them out",
    ],
    [["g.onnx", "-", "--format", "parquet"], "--format is table, json, csv, audacity or raven, not parquet"],
  ])("%j is refused", async (args, message) => {
    const call = listenCommand.run(args, recordOutput().output, new AbortController().signal);
    await expect(call).rejects.toThrow(saying(message));
  });

  test.each([
    [["--window", "10"], "--window is 10 s, and the model hears 0.00025 s at a time; expected that or less"],
    [
      ["--hop", "0.0003"],
      "--hop is 0.0003 s, and what lies between windows of 0.00025 s would not be heard; expected that or less",
    ],
    [["--rate", "10"], "stdin: its sample rate is 10 Hz; expected 1000 to 1000000 Hz"],
    [["--rate", "8000", "--channels", "300"], "stdin: its channels are 300; expected a whole number from 1 to 255"],
  ])("%j is refused, with the graph", async (args, message) => {
    const { code, notes } = await listen(args, pcm);
    expect([code, notes]).toEqual([2, [message]]);
  });
});

/** A folder of programs that stand for those that record. */
const programs = (scripts: Readonly<Record<string, string>>): string => {
  const folder = temporaryFolder();
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!${process.execPath}\n${script}`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
};

/** Records a tone, faster or slower than it sounds. */
const recording = (chunks: number, everyMs: number): string => `
require("fs").writeFileSync(__filename + ".args", JSON.stringify([process.argv.slice(2), process.env.AUDIODEV ?? null]));
let left = ${chunks};
const go = () => { if (left-- === 0) return; process.stdout.write(Buffer.alloc(9600, 0x40)); setTimeout(go, ${everyMs}); };
go();`;
const failing = (message: string): string => `console.error(${JSON.stringify(message)}); process.exit(1);`;

describe.runIf(process.platform === "linux")("the microphone", () => {
  const listenBy = async (scripts: Readonly<Record<string, string>>, args: readonly string[] = []) => {
    const folder = programs(scripts);
    const child = spawn(process.execPath, [cli, "listen", tinyGraph(), ...args, "--device", "cpu"], {
      env: { ...process.env, PATH: folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { told, ended } = outcomeOf(child);
    return { code: await ended, ...told, folder };
  };
  const argsOf = (folder: string, name: string): unknown =>
    JSON.parse(readFileSync(join(folder, `${name}.args`), "utf8"));

  test("is recorded by the first program that can, which is told", async () => {
    const scripts = { ffmpeg: failing("no server"), arecord: recording(20, 1) };
    const { code, stdout, stderr, folder } = await listenBy(scripts, ["--top", "1"]);
    expect(code).toBe(0);
    expect(stderr).toMatch("listening to the microphone (arecord, ALSA)\n");
    expect(stdout).toMatch(/^microphone\n {4}0\.000 {6}0\.\d+ {2}s {2}/);
    expect(argsOf(folder, "arecord")).toEqual([
      ["-q", "-D", "default", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", "48000", "-"],
      null,
    ]);
  });

  test("is the one that is named", async () => {
    const ffmpeg = await listenBy({ ffmpeg: recording(5, 1) }, ["--input", "usb", "--json"]);
    expect(argsOf(ffmpeg.folder, "ffmpeg")).toEqual([expect.arrayContaining(["-f", "pulse", "-i", "usb"]), null]);
    const sox = await listenBy({ sox: recording(5, 1) }, ["--input", "hw:2"]);
    expect(argsOf(sox.folder, "sox")).toEqual([expect.arrayContaining(["-d", "48000"]), "hw:2"]);
  });

  test("that falls silent ends listening; sound that computing cannot keep pace with is left out, and told", async () => {
    // A minute in half a second.
    const { code, stderr } = await listenBy({ arecord: recording(600, 0) }, ["--json"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^computing is slower than the sound: \d+ windows? (was|were) left out before [\d.]+ s$/m);
  });

  test("that is not there is one message, with the fix", async () => {
    const none = await listenBy({});
    expect([none.code, none.stdout, none.stderr]).toEqual([
      2,
      "",
      "no program that records is on the PATH; install one, such as by apt-get install ffmpeg, or alsa-utils for arecord, or give sound on stdin\n",
    ]);
    const silent = await listenBy({ ffmpeg: failing("x\ndefault: no such device"), arecord: failing("") });
    expect([silent.code, silent.stderr]).toEqual([
      2,
      "no sound can be recorded (ffmpeg, PulseAudio: default: no such device; ffmpeg, ALSA: default: no such device; arecord, ALSA: exit code 1); name the microphone with --input, or give sound on stdin\n",
    ]);
  });
});

test("other systems are asked in their own ways", () => {
  const asked = (platform: string) =>
    recordersOf(platform).map(({ program, system, args }) => [program, system, args("Mic").slice(5, 12)]);
  expect(asked("darwin")).toEqual([
    ["ffmpeg", "AVFoundation", ["-f", "avfoundation", "-i", ":Mic", "-ac", "1", "-ar"]],
    ["sox", "Core Audio", ["signed", "-b", "16", "-L", "-c", "1", "-r"]],
  ]);
  expect(asked("win32")[0]).toEqual([
    "ffmpeg",
    "DirectShow",
    ["-f", "dshow", "-audio_buffer_size", "50", "-i", "audio=Mic", "-ac"],
  ]);
  expect(asked("freebsd").map(([program]) => program)).toEqual(["sox"]);
  const listed = `[dshow @ 1] "Camera" (video)\n[dshow @ 1]   Alternative name "@device_pnp_1"\n[dshow @ 1] "Microphone (USB)" (audio)`;
  expect(firstDirectShowDevice(listed)).toBe("Microphone (USB)");
  const older = `DirectShow video devices\n "Camera"\nDirectShow audio devices\n "Line In"\n  Alternative name "@device_cm_1"`;
  expect(firstDirectShowDevice(older)).toBe("Line In");
  expect(firstDirectShowDevice("")).toBeUndefined();
});

test("an hour of sound leaves memory flat", async () => {
  const { child, ended } = start([tinyGraph(), "--rate", "16000", "--threshold", "0.999", "--merge"]);
  const residentMegabytes = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1024;
  const minute = Buffer.alloc(60 * 32_000);
  for (let at = 0; at < minute.length; at += 2) minute.writeInt16LE(Math.round(9000 * Math.sin(at / 7)), at);
  const measured: number[] = [];
  for (let count = 0; count < 60; count++) {
    if (!child.stdin.write(minute)) await new Promise((resolve) => child.stdin.once("drain", resolve));
    if (process.platform === "linux") measured.push(residentMegabytes());
  }
  child.stdin.end();
  expect(await ended).toBe(0);
  // An hour is 115 MB as it comes, and 230 MB as floats.
  const [early, late] = [Math.max(...measured.slice(10, 30)), Math.max(...measured.slice(30))];
  expect(late, measured.map(Math.round).join(" ")).toBeLessThan(early + 30);
}, 120_000);
