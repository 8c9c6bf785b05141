/** `infer` over folders, with answers in files. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";
import { describe, expect, onTestFinished, test } from "vitest";
import { cutClips } from "../../../runtime/audio/cut-clips.ts";
import { openClip } from "../../../runtime/audio/open-clip.ts";
import { inferCommand } from "../../../runtime/commands/infer-command.ts";
import { fileNameFor, safePart } from "../../../runtime/recordings/file-names.ts";
import { writeLinearModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { recordOutput } from "../record-output.ts";
import { saying } from "../saying.ts";

/** A folder to work in, with a model that hears 4 samples. */
const workIn = (files: Readonly<Record<string, Uint8Array | string>>): string => {
  const folder = temporaryFolder(files);
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  writeLinearModel(".");
  return folder;
};

/** @param answers after which Ctrl-C is pressed */
const infer = async (args: readonly string[], answers = Number.POSITIVE_INFINITY) => {
  const { texts, notes, events, output } = recordOutput();
  const interruption = new AbortController();
  let heard = 0;
  const signal = new Proxy(interruption.signal, {
    get: (target, name) => (name === "aborted" ? (heard += 1) > answers : Reflect.get(target, name)),
  });
  const code = await inferCommand.run(["graph.onnx", ...args, "--device", "cpu"], output, signal);
  return { code, texts, notes, events };
};

const decodeChannels = (path: string) =>
  openClip(
    path,
    () => undefined,
    async ({ decode }) => {
      const channels: number[][] = [];
      let sampleRateHz = 0;
      for await (const block of decode()) {
        ({ sampleRateHz } = block);
        for (const [index, samples] of block.channels.entries()) (channels[index] ??= []).push(...samples);
      }
      return { channels, sampleRateHz };
    },
  );

const loud = wavBytes([24_000, 24_000, 24_000, 24_000, 24_000, 24_000, 24_000, 24_000, 0, 0, 0, 0]);
const quiet = wavBytes([0, 0, 0, 0]);
const broken = wavBytes([0, 0.1, 0.2, 0.3, 0.4, 0.5, Number.NaN, 0], { encoding: "float", bits: 32 });
const windows = ["--window", "0.00025", "--hop", "0.000125"];
const events = [...windows, "--threshold", "0.6", "--merge"];
const head = "clip,start_seconds,end_seconds,label,score\n";
const text = (path: string): string => readFileSync(path, "utf8");

describe("what is named", () => {
  const files = {
    "in/b.wav": quiet,
    "in/a/c.WAV": quiet,
    "in/a/notes.txt": "x",
    "in/.hidden/d.wav": quiet,
    "e.wav": quiet,
  };
  const clips = async (...operands: readonly string[]) => {
    const { events, notes, code } = await infer([...operands, "--json"]);
    return { clips: events.map(({ clip }) => clip), notes, code };
  };

  test("folders, with those in them, by name; patterns; files", async () => {
    workIn(files);
    expect((await clips("in")).clips).toEqual([join("in", "a", "c.WAV"), join("in", "b.wav")]);
    expect((await clips("e.wav", "in/**/*.wav")).clips).toEqual(["e.wav", join("in", "b.wav")]);
    expect((await clips("**/*.{wav,WAV}")).clips).toEqual(["e.wav", join("in", "a", "c.WAV"), join("in", "b.wav")]);
    expect((await clips("i*")).clips).toEqual([join("in", "a", "c.WAV"), join("in", "b.wav")]);
    expect((await clips("*.wav")).clips).toEqual(["e.wav"]);
  });

  test("a name with signs of a pattern in it is a name where it is one", async () => {
    workIn({ "[1].wav": quiet, "1.wav": quiet });
    expect((await clips("[1].wav")).clips).toEqual(["[1].wav"]);
  });

  test("each recording once, whichever way leads to it", async () => {
    workIn(files);
    symlinkSync("in", "link", "dir");
    symlinkSync("..", join("in", "a", "up"), "dir");
    const { clips: found, notes } = await clips("in", "in/b.wav", "link");
    expect(found).toEqual([join("in", "a", "c.WAV"), join("in", "b.wav")]);
    expect(notes).toEqual(["3 paths lead to a recording that is listed before, which is heard once"]);
  });

  test("a folder without clips, and a pattern without, are errors", async () => {
    workIn({ "in/notes.txt": "x" });
    await expect(infer(["in"])).rejects.toThrow(
      saying(
        "in: there are no clips in this folder, nor in those in it; expected files that are called as sound is, such as .wav or .flac",
      ),
    );
    await expect(infer(["none/**/*.wav"])).rejects.toThrow(
      saying(/^none\/\*\*\/\*\.wav: no clip is matched by this pattern/),
    );
  });

  test("a file's name that ends as no format does is asked about, not guessed", async () => {
    workIn(files);
    await expect(infer(["in", "--out", "heard.cvs"])).rejects.toThrow(
      saying(
        "--out heard.cvs: .cvs is no format's; expected .csv, .json, .jsonl, .parquet, .selections.txt or .txt, or a --format",
      ),
    );
    expect(existsSync("heard.cvs")).toBe(false);
    await infer(["in", "--out", "heard.cvs", "--format", "csv"]);
    expect(existsSync("heard.cvs")).toBe(true);
  });

  test("stdin is another command's", async () => {
    workIn(files);
    expect((await infer(["-"])).notes).toContain("-: there is no such file; `runtime listen` hears what is piped");
  });

  test("what is bad is told, and the rest is heard", async () => {
    workIn({ "a.wav": quiet, "b.wav": "no sound", "c.wav": quiet });
    const { clips: found, notes, code } = await clips("a.wav", "b.wav", "missing.wav", "c.wav");
    expect(found).toEqual(["a.wav", "b.wav", "missing.wav", "c.wav"]);
    expect(notes).toEqual([
      expect.stringMatching(/^b\.wav: this is not audio that can be read/),
      "missing.wav: there is no such file",
      "4 recordings, of which 2 could not be heard to the end",
    ]);
    expect(code).toBe(2);
  });
});

describe("one file of all", () => {
  const files = { "in/a.wav": loud, "in/b.wav": quiet, "in/c/d.wav": loud };

  test("has what would be printed; its form is told by its name", async () => {
    workIn(files);
    const { texts, code } = await infer(["in", ...events, "--out", "new/events.csv"]);
    expect([texts, code]).toEqual([["new/events.csv: 3 recordings"], 0]);
    const row = ",0,0.000625,low,0.8122";
    const printed = await infer(["in", ...events, "--format", "csv"]);
    expect(text("new/events.csv")).toBe(printed.texts.map((line) => `${line}\n`).join(""));
    expect(text("new/events.csv")).toContain(`${join("in", "c", "d.wav")}${row}`);
    expect(readdirSync("new")).toEqual(["events.csv", "events.csv.job.jsonl"]);
  });

  test("is gone on with where it was interrupted, to the same bytes", async () => {
    workIn(files);
    await infer(["in", ...windows, "--top", "1", "--out", "whole.csv"]);
    for (const answers of [1, 5, 6, 7, 8]) {
      const out = `${answers}.csv`;
      const first = await infer(["in", ...windows, "--top", "1", "--out", out], answers);
      expect([first.code, existsSync(out)]).toEqual([130, false]);
      const { code, notes } = await infer(["in", ...windows, "--top", "1", "--out", out]);
      expect([answers, code, text(out)]).toEqual([answers, 0, text("whole.csv")]);
      const done = answers < 5 ? 0 : answers < 7 ? 1 : 2;
      expect(notes).toEqual(done === 0 ? [] : [`${done} of 3 recordings are done already`]);
    }
  });

  test("and after a kill, whatever of it has reached the disk", async () => {
    workIn(files);
    await infer(["in", ...windows, "--top", "1", "--out", "whole.csv"]);
    const job = text("whole.csv.job.jsonl");
    const lines = job.split("\n");
    for (const [kept, torn] of [
      [1, ""],
      [2, ""],
      [2, '{"clip": "b'],
      [3, ""],
    ] as const) {
      writeFileSync("cut.csv.job.jsonl", `${lines.slice(0, kept).join("\n")}\n${torn}`);
      writeFileSync("cut.csv.partial", text("whole.csv"));
      rmSync("cut.csv", { force: true });
      const { code } = await infer(["in", ...windows, "--top", "1", "--out", "cut.csv"]);
      expect([code, text("cut.csv"), text("cut.csv.job.jsonl")]).toEqual([
        0,
        text("whole.csv"),
        expect.stringContaining(""),
      ]);
      expect(existsSync("cut.csv.partial")).toBe(false);
    }
  });

  test("that is whole stays as it is; what failed is told again", async () => {
    workIn({ ...files, "in/z.wav": broken });
    const first = await infer(["in", ...windows, "--out", "all.csv"]);
    const whole = text("all.csv");
    const again = await infer(["in", ...windows, "--out", "all.csv"]);
    const said = "its first 0.000 s were heard";
    expect([first.code, again.code]).toEqual([2, 2]);
    expect(first.notes).toEqual([expect.stringContaining(said)]);
    expect(again.notes).toEqual(["4 of 4 recordings are done already", expect.stringContaining(said)]);
    expect(again.texts).toEqual(["all.csv: 4 recordings, of which 1 could not be heard to the end"]);
    expect(text("all.csv")).toBe(whole);
    expect(whole.match(/z\.wav/g)).toHaveLength(4);
  });

  test("of another job, or of none, is left alone", async () => {
    workIn({ ...files, "taken.csv": "mine", "other.job.jsonl": "mine" });
    await expect(infer(["in", ...windows, "--out", "taken.csv"])).rejects.toThrow(
      saying("taken.csv exists, and nothing is overwritten; name another place"),
    );
    await expect(infer(["in", ...windows, "--out", "other"])).rejects.toThrow(
      saying("other.job.jsonl: this is no record of what is done; expected one that this version wrote"),
    );
    await infer(["in", ...windows, "--out", "all.csv"]);
    await expect(infer(["in", ...events, "--out", "all.csv"])).rejects.toThrow(
      saying(
        "all.csv.job.jsonl: these answers are of another job: threshold was none and is 0.6; merge was none and is true; name another place with --out",
      ),
    );
    expect([text("taken.csv"), text("other.job.jsonl")]).toEqual(["mine", "mine"]);
  });

  test("of recordings that are others now is refused", async () => {
    workIn(files);
    await infer(["in", ...windows, "--out", "all.csv"]);
    for (const [name, said] of [
      ["new.wav", "new.wav is new"],
      ["a.flac", "a.wav is not where it was in their order"],
    ] as const) {
      writeFileSync(join("in", name), quiet);
      await expect(infer(["in", ...windows, "--out", "all.csv"])).rejects.toThrow(
        saying(`all.csv was begun with other recordings: ${said}; name another place with --out`),
      );
      rmSync(join("in", name));
    }
    utimesSync(join("in", "a.wav"), 1, 1);
    await expect(infer(["in", ...windows, "--out", "all.csv"])).rejects.toThrow(
      saying(
        `all.csv was begun with other recordings: ${join("in", "a.wav")} has changed since it was heard; name another place with --out`,
      ),
    );
  });

  test("whose beginning is lost is refused", async () => {
    workIn(files);
    await infer(["in", ...windows, "--out", "all.csv"], 8);
    truncateSync("all.csv.partial", 10);
    await expect(infer(["in", ...windows, "--out", "all.csv"])).rejects.toThrow(
      saying(
        /^all\.csv\.job\.jsonl: it tells of \d+ bytes in all\.csv\.partial, which has 10; delete both to begin anew$/,
      ),
    );
  });

  test("Parquet has typed columns", async () => {
    workIn(files);
    await infer(["in", ...events, "--out", "events.parquet"]);
    const bytes = readFileSync("events.parquet");
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    expect(await parquetReadObjects({ file })).toEqual(
      [join("in", "a.wav"), join("in", "c", "d.wav")].map((clip) => ({
        clip,
        start_seconds: 0,
        end_seconds: 0.000_625,
        label: "low",
        score: Math.fround(0.812_272_369_861_602_8),
      })),
    );
    expect(readdirSync(".").filter((name) => name.startsWith("events"))).toEqual([
      "events.parquet",
      "events.parquet.job.jsonl",
    ]);
  });
});

test("clips are computed with the neighbours that they have had, however often they were interrupted", async () => {
  const clips = Object.fromEntries(
    ["a", "b", "c", "d", "e"].map((name, index) => [`in/${name}.wav`, index === 1 ? "no sound" : loud]),
  );
  workIn(clips);
  const all = ["in", "--top", "1", "--batch", "2", "--format", "json", "--out"];
  const whole = await infer([...all, "whole.jsonl"]);
  expect(whole.code).toBe(2);
  for (const answers of [0, 1, 4, 5]) {
    const out = `${answers}.jsonl`;
    expect((await infer([...all, out], answers)).code).toBe(130);
    expect((await infer([...all, out])).code).toBe(2);
    expect(text(out)).toBe(text("whole.jsonl"));
  }
});

describe("a file of each", () => {
  const files = { "in/a.wav": loud, "in/b.wav": quiet, "in/c/a.wav": loud };

  test("under the recordings' own names, in folders as theirs", async () => {
    workIn(files);
    const { texts } = await infer(["in", ...events, "--format", "audacity", "--out", "labels/"]);
    expect(texts).toEqual(["labels/: 3 recordings"]);
    expect(readdirSync("labels", { recursive: true, encoding: "utf8" }).toSorted()).toEqual(
      ["a.wav.txt", "b.wav.txt", "c", join("c", "a.wav.txt"), "infer.job.jsonl"].toSorted(),
    );
    expect(text(join("labels", "c", "a.wav.txt"))).toBe("0.000000\t0.000625\tlow\n");
    expect(text(join("labels", "b.wav.txt"))).toBe("");
  });

  test("is left where it is done; one that has changed is heard again", async () => {
    workIn(files);
    mkdirSync("out");
    const all = ["in", ...events, "--format", "csv", "--out", "out"];
    await infer(all, 7);
    const { notes } = await infer(all);
    expect(notes).toEqual(["1 of 3 recordings are done already"]);
    expect(text(join("out", "b.wav.csv"))).toBe(head);
    writeFileSync(join("in", "b.wav"), loud);
    writeFileSync(join("in", "new.wav"), loud);
    expect((await infer(all)).notes).toEqual(["2 of 4 recordings are done already"]);
    expect(text(join("out", "b.wav.csv"))).toBe(`${head}${join("in", "b.wav")},0,0.000625,low,0.8122723698616028\n`);
  });

  test("of a recording that breaks off has what was heard, of one that is none there is none", async () => {
    workIn({ "in/broken.wav": broken, "in/none.wav": "no sound" });
    expect((await infer(["in", ...windows, "--format", "csv", "--out", "out/"])).code).toBe(2);
    expect(readdirSync("out")).toEqual(["broken.wav.csv", "infer.job.jsonl"]);
    expect(text(join("out", "broken.wav.csv")).split("\n")).toHaveLength(6);
  });

  test("takes no file's place", async () => {
    workIn({ ...files, "out/a.wav.csv": "mine" });
    await expect(infer(["in", ...events, "--format", "csv", "--out", "out"])).rejects.toThrow(
      saying(`${join("out", "a.wav.csv")} exists, and nothing is overwritten; name another place`),
    );
    expect(readdirSync("out")).toEqual(["a.wav.csv"]);
  });

  test.each(["json", "raven", "parquet", "table"])("as %s", async (format) => {
    workIn(files);
    await infer(["in", ...events, "--format", format, "--out", "out/"]);
    expect(readdirSync("out")).toHaveLength(4);
    const again = await infer(["in", ...events, "--format", format, "--out", "out/"]);
    expect([again.code, again.notes]).toEqual([0, ["3 of 3 recordings are done already"]]);
  });
});

describe("--cut", () => {
  /** Two channels at 48 kHz: what lies in seconds 1 to 2 and 3 to 3.5 is loud. */
  const rate = 48_000;
  const isLoud = (second: number): boolean => (second >= 1 && second < 2) || (second >= 3 && second < 3.5);
  const two = Array.from({ length: 4 * rate }, (_, frame) =>
    isLoud(frame / rate) ? [24_000 + (frame % 7), 24_000 - (frame % 5)] : [frame % 3, 0],
  );
  const stereo = (options: object = {}, scale = 1): Buffer =>
    wavBytes(
      two.flat().map((value) => value / scale),
      { sampleRateHz: rate, channels: 2, ...options },
    );
  const ask = ["--window", "0.00025", "--threshold", "0.7", "--merge", "--min-seconds", "0.1"];
  const cutFiles = (folder: string): readonly string[] =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".wav"))
      .toSorted();
  const names = (recording: string): readonly string[] => [
    `${recording}_000001.000-000002.000_low_0.8172.wav`,
    `${recording}_000003.000-000003.500_low_0.8172.wav`,
  ];

  test("writes events from the file itself, at its own rate, with its channels", async () => {
    workIn({ "in/night/a.wav": stereo(), "in/b.wav": quiet });
    const { code } = await infer(["in", ...ask, "--cut", "review"]);
    expect([code, cutFiles("review")]).toEqual([0, names(join("night", "a.wav"))]);
    const cut = await decodeChannels(join("review", names(join("night", "a.wav"))[0] ?? ""));
    expect(cut.sampleRateHz).toBe(rate);
    expect(cut.channels).toEqual(
      [0, 1].map((channel) => two.slice(rate, 2 * rate).map((frame) => (frame[channel] ?? 0) / 32_768)),
    );
  });

  test("keeps samples of more than 16 bits as they are, and adds what is asked for on both sides", async () => {
    workIn({ "a.wav": stereo({ encoding: "float", bits: 32 }, 32_768.5) });
    await infer(["a.wav", ...ask, "--cut", "review", "--pad", "1.25"]);
    const [first = "", second = ""] = cutFiles("review");
    const [whole, begun, ended] = [
      await decodeChannels("a.wav"),
      await decodeChannels(join("review", first)),
      await decodeChannels(join("review", second)),
    ];
    expect(begun.channels).toEqual(whole.channels.map((samples) => samples.slice(0, 3.25 * rate)));
    expect(ended.channels).toEqual(whole.channels.map((samples) => samples.slice(1.75 * rate)));
  });

  test("cuts many events that overlap, of classes whose names are no files' names, once each", async () => {
    workIn({ "a.wav": stereo() });
    const cuts = Array.from({ length: 40 }, (_, index) => ({
      startSeconds: index / 100,
      endSeconds: 1 + index / 100,
      target: `${index}.wav`,
    }));
    await cutClips("a.wav", cuts);
    for (const { target, startSeconds, endSeconds } of cuts) {
      const { channels } = await decodeChannels(target);
      const expected = two.slice(Math.round(startSeconds * rate), Math.round(endSeconds * rate));
      expect(channels[0]).toEqual(expected.map(([left = 0]) => left / 32_768));
    }
    expect(fileNameFor("a/con.wav", `_${safePart('x/y:"z"\u0000\u202e. ', 80)}`)).toBe("a/_con.wav_x-y--z---");
    const long = fileNameFor(`${"ä".repeat(127)}.wav`, ".csv");
    expect([Buffer.byteLength(long) <= 220, long]).toEqual([true, expect.stringMatching(/^ä+~[0-9a-f]{8}\.csv$/)]);
  });

  test("of a recording that breaks off keeps what was heard", async () => {
    const bytes = stereo({ encoding: "float", bits: 32 }, 32_768);
    bytes.writeFloatLE(Number.NaN, bytes.length - 4 * rate * 2);
    workIn({ "a.wav": bytes });
    expect((await infer(["a.wav", ...ask, "--cut", "review"])).code).toBe(2);
    expect(cutFiles("review")).toEqual([names("a.wav")[0]]);
  });

  test("goes on with its job, and takes no other file's place", async () => {
    workIn({ "in/a.wav": stereo(), "in/b.wav": stereo(), "taken/mine.txt": "mine" });
    const all = ["in", ...ask, "--out", "events.csv", "--cut", "review"];
    await infer(all, 16_005);
    expect(cutFiles("review")).toEqual(names("a.wav"));
    expect((await infer(all)).notes).toEqual(["1 of 2 recordings are done already"]);
    expect(cutFiles("review")).toEqual([...names("a.wav"), ...names("b.wav")]);
    await expect(infer(["in", ...ask, "--cut", "taken"])).rejects.toThrow(
      saying("taken is not empty, and nothing is overwritten; name another place"),
    );
    await expect(infer(["in", ...ask, "--cut", "in/review"])).rejects.toThrow(
      saying(
        "in/review lies in in, which is listened to: what is written there would be heard the next time; name another folder with --cut",
      ),
    );
  });
});
