import { chmodSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { decodeClip } from "../../../runtime/audio/decode-clip.ts";
import { probeClip } from "../../../runtime/audio/probe-clip.ts";
import { saying } from "../saying.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const mp4 = Buffer.from("\0\0\0\x18ftypM4A ", "latin1");

/** A program of the name `ffmpeg` that is found first, and the clip that it is given. */
const withProgram = (script: string): { readonly clip: string; readonly folder: string } => {
  const folder = temporaryFolder({ "bin/ffmpeg": `#!/bin/sh\n${script}\n`, "-i clip.m4a": mp4 });
  chmodSync(join(folder, "bin/ffmpeg"), 0o755);
  vi.resetModules();
  vi.stubEnv("PATH", `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`);
  return { clip: join(folder, "-i clip.m4a"), folder };
};

/** Where ffmpeg lies is looked for once, so each test has modules of its own. */
const decode = async (path: string) => {
  const { openClip } = await import("../../../runtime/audio/open-clip.ts");
  return decodeClip(openClip, path);
};
const refusal = (path: string): Promise<unknown> =>
  decode(path).then(
    () => "read",
    (error: unknown) => (error as Error).message.replace(`${path}: `, ""),
  );

/** AU of 16 kHz and one channel, with 0.5 and -0.25. */
const au = String.raw`printf '.snd\0\0\0\030\377\377\377\377\0\0\0\006\0\0\076\200\0\0\0\001\077\0\0\0\276\200\0\0'`;

test("what is not decoded here is given to ffmpeg: its kind, and this file only", async () => {
  const { clip, folder } = withProgram(
    `echo "$@" > "$(dirname "$0")/arguments"; echo "  Duration: 00:01:02.50, start" >&2; ${au}`,
  );
  const { samples, sampleRateHz, notes } = await decode(clip);
  expect([...samples]).toEqual([0.5, -0.25]);
  expect([sampleRateHz, notes]).toEqual([16_000, ["it was decoded by ffmpeg"]]);
  const { readFileSync } = await import("node:fs");
  expect(readFileSync(join(folder, "bin/arguments"), "utf8")).toBe(
    `-nostdin -hide_banner -nostats -loglevel level+info -threads 1 -protocol_whitelist file,pipe -f mov -i file:${clip} -map 0:a:0 -c:a pcm_f32be -f au pipe:1\n`,
  );
});

test("its errors are told, even after samples", async () => {
  const { clip } = withProgram(`${au}; echo "[aac @ 0x1] [error] channel element 2.1 is not allocated" >&2`);
  expect(await refusal(clip)).toBe("ffmpeg cannot decode it: channel element 2.1 is not allocated");
});

test("a failure without words, and a file without sound", async () => {
  expect(await refusal(withProgram("exit 3").clip)).toBe("ffmpeg cannot decode it: exit code 3");
  expect(await refusal(withProgram("true").clip)).toBe("the file has no sound that ffmpeg can decode");
});

test("without ffmpeg it is said what is missing, before anything is decoded", async () => {
  const path = join(temporaryFolder({ "a.m4a": mp4 }), "a.m4a");
  vi.resetModules();
  vi.stubEnv("PATH", "");
  const sentence =
    "this is MP4, which is decoded by ffmpeg, and no ffmpeg is on the PATH; install it, or save the clip as WAV or FLAC";
  await expect(probeClip(path)).rejects.toThrow(saying(`${path}: ${sentence}`));
  expect(await refusal(path)).toBe(sentence);
});
