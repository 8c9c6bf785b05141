import { describe, expect, onTestFinished, test } from "vitest";
import { sizeNote } from "../../../runtime/audio/formats/audio-stream.ts";
import { inferCommand } from "../../../runtime/commands/infer-command.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { saying } from "../saying.ts";
import { recordOutput } from "../record-output.ts";
import { writeLinearModel } from "../artifact/linear-artifact.ts";

const infer = async (files: Readonly<Record<string, Uint8Array>>, options: readonly string[] = ["--top", "1"]) => {
  const folder = temporaryFolder(files);
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  writeLinearModel(".");
  const { texts, notes, events, output } = recordOutput();
  const args = ["graph.onnx", ...Object.keys(files), ...options, "--device", "cpu"];
  const code = await inferCommand.run(args, output, new AbortController().signal);
  return { code, texts, heads: texts.map((text) => text.split("\n")[0]), notes, events };
};

const silence = (samples: number, dataSize?: number) =>
  wavBytes(
    Array.from({ length: samples }, () => 0),
    dataSize === undefined ? {} : { dataSize },
  );

test("how much of a clip the model has heard is told, and once what is odd about the files", async () => {
  const files = {
    "whole.wav": silence(4),
    "long.wav": silence(16_000),
    "odd.wav": silence(4, 0),
    "odd too.wav": silence(4, 0xffff_ffff),
  };
  const { code, heads, notes } = await infer(files);
  const { events } = await infer(files, ["--json"]);
  expect(code).toBe(0);
  expect(heads).toEqual([
    "whole.wav (0.0 s)",
    "long.wav (0.0 of 1.0 s heard)",
    "odd.wav (0.0 s)",
    "odd too.wav (0.0 s)",
  ]);
  expect(events.map(({ seconds, heardSeconds }) => [seconds, heardSeconds])).toEqual([
    [0.000_25, 0.000_25],
    [1, 0.000_25],
    [0.000_25, 0.000_25],
    [0.000_25, 0.000_25],
  ]);
  expect(notes).toEqual([`odd.wav and 1 other: ${sizeNote}`]);
});

test("a clip of absurd values is named, and the others are answered", async () => {
  const absurd = wavBytes([0, 1e30, 0, 0], { encoding: "float", bits: 32 });
  const { code, heads, notes } = await infer({ "absurd.wav": absurd, "fine.wav": silence(4) });
  expect(code).toBe(2);
  expect(heads).toEqual(["fine.wav (0.0 s)"]);
  expect(notes).toEqual([
    "absurd.wav: sample 1 is 1.0000000150474662e+30; expected numbers in [-1, 1]",
    "2 recordings, of which 1 could not be heard to the end",
  ]);
});

describe("windows over recordings", () => {
  /** The model hears 4 samples, 0.00025 s. */
  const windows = ["--window", "0.00025", "--hop", "0.000125"];
  const ramp = wavBytes([0, 4000, 8000, 12_000, 16_000, 20_000, 24_000]);

  test("a table: a row per window, under the file's name", async () => {
    const { code, texts } = await infer({ "a.wav": ramp, "b.wav": silence(4) }, [...windows, "--top", "1"]);
    expect(code).toBe(0);
    expect(texts).toEqual([
      "a.wav",
      "    0.000      0.000  s  low 0.6197",
      "    0.000      0.000  s  low 0.7264",
      "b.wav",
      "    0.000      0.000  s  low 0.5000",
    ]);
  });

  test("JSON: an object per window, with what a window alone would be given", async () => {
    const { events } = await infer({ "a.wav": ramp }, [...windows, "--json"]);
    expect(events.map(({ clip, startSeconds, endSeconds }) => [clip, startSeconds, endSeconds])).toEqual([
      ["a.wav", 0, 0.000_25],
      ["a.wav", 0.000_125, 0.000_375],
    ]);
    const alone = await infer({ "middle.wav": wavBytes([8000, 12_000, 16_000, 20_000]) }, ["--json"]);
    expect(events[1]?.["scores"]).toEqual(alone.events[0]?.["scores"]);
  });

  test("CSV: a row per class, for clips as for windows; awkward names are quoted", async () => {
    const files = { 'a, "b".wav': silence(4) };
    const rows = ["clip,start_seconds,end_seconds,label,score", '"a, ""b"".wav",0,0.00025,low,0.5'];
    const csv = ["--format", "csv", "--top", "1"];
    expect((await infer(files, [...windows, ...csv])).texts).toEqual(rows);
    expect((await infer(files, csv)).texts).toEqual(rows);
  });

  test("batches of any size say the same", async () => {
    const files = { "a.wav": wavBytes(Array.from({ length: 63 }, (_, index) => index * 400)) };
    const [one, many] = [
      await infer(files, [...windows, "--batch", "1", "--json"]),
      await infer(files, [...windows, "--batch", "7", "--json"]),
    ];
    expect(one.events).toHaveLength(30);
    expect(many.events).toEqual(one.events);
  });

  test("a recording that breaks off is heard until there; the others are heard", async () => {
    const broken = wavBytes([0, 0.1, 0.2, 0.3, 0.4, 0.5, Number.NaN, 0], { encoding: "float", bits: 32 });
    const { code, events, notes } = await infer({ "broken.wav": broken, "b.wav": silence(4) }, [...windows, "--json"]);
    expect(code).toBe(2);
    const said = "broken.wav: sample 6 is NaN; expected numbers in [-1, 1]; its first 0.000 s were heard";
    expect(notes).toEqual([said, "2 recordings, of which 1 could not be heard to the end"]);
    expect(events.map(({ clip, endSeconds, error }) => [clip, endSeconds ?? error])).toEqual([
      ["broken.wav", 0.000_25],
      ["broken.wav", 0.000_375],
      ["broken.wav", said],
      ["b.wav", 0.000_25],
    ]);
  });

  describe("events", () => {
    const files = { "a.wav": wavBytes([24_000, 24_000, 24_000, 24_000, 24_000, 24_000, 24_000, 24_000, 0, 0, 0, 0]) };
    const events = [...windows, "--threshold", "0.6"];

    test("each window and class of that score", async () => {
      const { texts } = await infer(files, events);
      const { events: objects } = await infer(files, [...events, "--json"]);
      expect(texts).toEqual([
        "a.wav",
        "    0.000      0.000  s  low 0.8123",
        "    0.000      0.000  s  low 0.8123",
        "    0.000      0.001  s  low 0.8123",
        "    0.000      0.001  s  low 0.6081",
      ]);
      expect(objects[1]).toMatchObject({ clip: "a.wav", label: "low", index: 0, startSeconds: 0.000_125 });
    });

    test("merged, as Audacity's labels", async () => {
      const { texts } = await infer(files, [...events, "--merge", "--format", "audacity"]);
      expect(texts).toEqual(["0.000000\t0.000625\tlow"]);
    });

    test("merged, as Raven's selections", async () => {
      const { texts } = await infer(files, [...events, "--merge", "--min-seconds", "0.0005", "--format", "raven"]);
      expect(texts).toEqual([
        "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tAnnotation\tScore",
        "1\tSpectrogram 1\t1\t0.000000\t0.000625\t0\t8000\tlow\t0.8123",
      ]);
    });

    test("too short ones are left out", async () => {
      const { texts, code } = await infer(files, [...events, "--merge", "--min-seconds", "1"]);
      expect([texts, code]).toEqual([[], 0]);
    });

    test("of several recordings Raven is told the file of each, and when it would begin after the others", async () => {
      const two = { ...files, "b.wav": wavBytes([24_000, 24_000, 24_000, 24_000]) };
      const { texts } = await infer(two, [...events, "--merge", "--format", "raven"]);
      expect(texts).toEqual([
        "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tBegin File\tBegin Path\tFile Offset (s)\tAnnotation\tScore",
        "1\tSpectrogram 1\t1\t0.000000\t0.000625\t0\t8000\ta.wav\ta.wav\t0.000000\tlow\t0.8123",
        "2\tSpectrogram 1\t1\t0.000750\t0.001000\t0\t8000\tb.wav\tb.wav\t0.000000\tlow\t0.8123",
      ]);
    });

    test("Audacity's labels are of one recording at a time", async () => {
      const two = { "a.wav": silence(4), "b.wav": silence(4) };
      await expect(infer(two, [...events, "--format", "audacity"])).rejects.toThrow(
        saying(
          "--format audacity is about one recording, and there are 2: a label track has no place for a recording's name; --out FOLDER/ gets a file of each",
        ),
      );
    });
  });

  test("what is odd about a file is told", async () => {
    const { code, notes } = await infer({ "odd.wav": silence(4, 0) }, windows);
    expect([code, notes]).toEqual([0, [`odd.wav: ${sizeNote}`]]);
  });

  test.each([
    [["--hop", "5"], "--hop needs --window: the length of the windows that it moves"],
    [["--window", "1", "--cut", "x"], "--cut needs --threshold: it is about events, of a score that high"],
    [["--window", "1", "--threshold", "0.5", "--pad", "1"], "--pad needs --cut: it is about the clips that are cut"],
    [["--smooth", "3"], "--smooth needs --window: it is over neighbouring windows"],
    [["--window", "0.00025", "--smooth", "4"], "--smooth is an odd number of windows, not 4"],
    [["--window", "0"], "--window is a number above 0, not 0"],
    [["--window=-1"], "--window is a number above 0, not -1"],
    [["--window", "ten"], "--window is a number above 0, not ten"],
    [["--window", "0.00025", "--hop", "0"], "--hop is a number above 0, not 0"],
    [["--window", "10"], "--window is 10 s, and the model hears 0.00025 s at a time; expected that or less"],
    [["--window", "0.0001"], "--window is 0.0001 s, and a frame of the model takes 0.00025 s; expected that or more"],
    [
      ["--window", "0.00025", "--hop", "0.0003"],
      "--hop is 0.0003 s, and what lies between windows of 0.00025 s would not be heard; expected that or less",
    ],
    [
      ["--window", "0.00025", "--hop", "0.00001"],
      "--hop is 0.00001 s, less than a sample of the model; expected 0.0000625 s or more",
    ],
    [["--format", "xml"], "--format is table, json, csv, audacity, raven or parquet, not xml"],
    [["--threshold", "0.5"], "--threshold needs --window: events are made of windows"],
    [["--window", "1", "--merge"], "--merge needs --threshold: it is about events, of a score that high"],
    [
      ["--window", "1", "--min-seconds", "1"],
      "--min-seconds needs --threshold: it is about events, of a score that high",
    ],
    [["--window", "1", "--threshold", "50"], "--threshold is a score above 0, 1 at most, or best, not 50"],
    [
      ["--window", "1", "--threshold", "0.5", "--top", "1"],
      "--top and --threshold exclude each other: events are of all classes that reach it",
    ],
    [["--format", "parquet"], "--format parquet needs --out: it is no text"],
    [["--format", "csv", "--json"], "--json and --format csv contradict each other; leave one of them out"],
  ])("%j is refused", async (options, message) => {
    await expect(infer({ "a.wav": silence(4) }, options)).rejects.toThrow(saying(message));
  });
});
