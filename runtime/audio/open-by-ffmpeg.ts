import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { findProgram } from "../files/find-program.ts";
import { AudioFault } from "./formats/audio-fault.ts";
import type { AudioBlock, AudioStream, AudioTools } from "./formats/audio-stream.ts";
import { viewOf } from "./formats/byte-source.ts";
import type { ForeignFormat } from "./formats/foreign-format.ts";
import { floatEncoding } from "./formats/pcm/sample-encoding.ts";
import { interleaved } from "./formats/pcm/stream-packets.ts";

/** So long ffmpeg may give nothing. */
const patienceMs = 30_000;
const mostErrorText = 64 * 1024;
const auHeaderBytes = 24;

let known: Promise<string | undefined> | undefined;

/** Where the ffmpeg on the PATH lies, looked for once. */
const findFfmpeg = (): Promise<string | undefined> => (known ??= findProgram("ffmpeg"));

/**
 * What is decoded by ffmpeg: its first sound, as a process of its own that reads this one file and no network.
 * @throws AudioFault where there is no ffmpeg
 */
export const openByFfmpeg = async (path: string, format: ForeignFormat, tools: AudioTools): Promise<AudioStream> => {
  const program = await findFfmpeg();
  if (program === undefined) {
    throw new AudioFault(
      `this is ${format.name}, which is decoded by ffmpeg, and no ffmpeg is on the PATH; install it, or save the clip as WAV or FLAC`,
    );
  }
  let seconds: number | undefined;
  let sampleRateHz: number | undefined;
  async function* decode(): AsyncGenerator<AudioBlock, void, undefined> {
    tools.note("it was decoded by ffmpeg");
    const child = start(program ?? "", path, format);
    const report = watchErrors(child);
    let skip: number | undefined;
    try {
      for await (const block of readBlocks(child)) {
        seconds ??= report.seconds();
        ({ sampleRateHz } = block);
        skip ??= Math.round((format.delaySeconds ?? 0) * sampleRateHz);
        const from = Math.min(skip, block.channels[0]?.length ?? 0);
        skip -= from;
        // What is done with the block takes its own time.
        report.stop();
        yield { ...block, channels: block.channels.map((samples) => samples.subarray(from)) };
        report.wait();
      }
      const code = await report.ended;
      if (report.isLate()) throw new AudioFault(`ffmpeg gave nothing for ${patienceMs / 1000} s`);
      if (code !== 0 || report.errors() !== "")
        throw new AudioFault(`ffmpeg cannot decode it: ${report.errors() || `exit code ${code}`}`);
      if (sampleRateHz === undefined) throw new AudioFault("the file has no sound that ffmpeg can decode");
    } finally {
      report.stop();
      child.kill("SIGKILL");
    }
  }
  return {
    format: `${format.name}, by ffmpeg`,
    sampleRateHz: undefined,
    channels: undefined,
    countFrames: () =>
      Promise.resolve(
        seconds !== undefined && sampleRateHz !== undefined ? Math.round(seconds * sampleRateHz) : undefined,
      ),
    decode,
  };
};

type Ffmpeg = ChildProcessByStdio<null, Readable, Readable>;

/** Sun's AU is the simplest form that says rate and channels and can be written to a pipe. */
const start = (program: string, path: string, { demuxer }: ForeignFormat): Ffmpeg =>
  spawn(program, [...options, "-f", demuxer, "-i", `file:${path}`, ...output], {
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
  });

const options = "-nostdin -hide_banner -nostats -loglevel level+info -threads 1 -protocol_whitelist file,pipe".split(
  " ",
);
const output = "-map 0:a:0 -c:a pcm_f32be -f au pipe:1".split(" ");

/** What ffmpeg says of the file, and the watch over its silence. */
const watchErrors = (child: Ffmpeg) => {
  let text = "";
  let isLate = false;
  let timer = setTimeout(() => undefined, 0);
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, patienceMs);
  };
  wait();
  child.stdout.on("data", wait);
  child.stdout.pause();
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (chunk: string) => {
    if (text.length < mostErrorText) text += chunk;
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on("error", () => resolve(-1));
    child.on("close", resolve);
  });
  return {
    ended,
    isLate: () => isLate,
    wait,
    stop: () => clearTimeout(timer),
    /** The first complaint. */
    errors: () => /\[(?:error|fatal)\] (.*)/.exec(text)?.[1]?.trim() ?? "",
    seconds: () => {
      const [, hours, minutes, seconds] = /Duration: (\d+):(\d+):(\d+\.\d+)/.exec(text) ?? [];
      return hours === undefined ? undefined : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    },
  };
};

async function* readBlocks(child: Ffmpeg): AsyncGenerator<AudioBlock, void, undefined> {
  let rest = new Uint8Array();
  let layout:
    | (ReturnType<typeof interleaved> & { readonly sampleRateHz: number; readonly frameBytes: number })
    | undefined;
  for await (const chunk of child.stdout as AsyncIterable<Uint8Array>) {
    let bytes = new Uint8Array(rest.length + chunk.length);
    bytes.set(rest);
    bytes.set(chunk, rest.length);
    if (layout === undefined && bytes.length >= auHeaderBytes) {
      const view = viewOf(bytes);
      const start = view.getUint32(4, false);
      if (bytes.length >= start) {
        const [sampleRateHz, channels] = [view.getUint32(16, false), view.getUint32(20, false)];
        layout = { ...interleaved(floatEncoding(4, false), channels), sampleRateHz, frameBytes: 4 * channels };
        bytes = bytes.subarray(start);
      }
    }
    if (layout === undefined) {
      rest = bytes;
      continue;
    }
    const whole = bytes.length - (bytes.length % layout.frameBytes);
    rest = bytes.subarray(whole);
    if (whole > 0) yield { channels: layout.decodePacket(bytes.subarray(0, whole)), sampleRateHz: layout.sampleRateHz };
  }
}
