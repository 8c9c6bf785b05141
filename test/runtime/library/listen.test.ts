import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import type { ListenOptions, Model, Recording } from "../../../runtime/library/model.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { failureOf, hear, openLinear } from "./open-linear.ts";

/** The model hears 4 samples, 0.00025 s. */
const windowing = { windowSeconds: 0.000_25, hopSeconds: 0.000_125 };
const ramp = [0, 4000, 8000, 12_000, 16_000, 20_000, 24_000];
const loudThenSilent = [...Array.from({ length: 8 }, () => 24_000), 0, 0, 0, 0];

const openWith = async (values: readonly number[]) => {
  const { model, at, folder } = await openLinear();
  const path = at("recording.wav");
  writeFileSync(path, wavBytes([...values]));
  return { model, path, at, folder };
};

describe("a recording is gone through", () => {
  test("window by window, each as a clip of its own would be heard", async () => {
    const { model, path } = await openWith(ramp);
    const { given, ending } = await hear(model.listen(path, { ...windowing, top: 1 }));
    expect(ending).toBe("whole");
    expect(given.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds])).toEqual([
      [0, 0.000_25],
      [0.000_125, 0.000_375],
    ]);
    const alone = await model.classify({
      samples: Float32Array.from(ramp.slice(2, 6), (value) => value / 32_768),
      sampleRateHz: 16_000,
    });
    expect(given[1]?.scores).toEqual(alone.scores);
    expect(given[1]?.top).toEqual(alone.top.slice(0, 1));
  });

  test("by its URL, in windows as long as the model hears, side by side, where none are asked for", async () => {
    const { model, path } = await openWith(loudThenSilent);
    const { given } = await hear(model.listen(pathToFileURL(path)));
    expect(given.map(({ startSeconds }) => startSeconds)).toEqual([0, 0.000_25, 0.0005]);
    expect(given[0]?.top).toHaveLength(2);
  });

  test("in events, merged or not, of all classes or of some", async () => {
    const { model, path } = await openWith(loudThenSilent);
    const low = { label: "low", index: 0, score: expect.closeTo(0.8123, 4) };
    const merged = { ...low, startSeconds: 0, endSeconds: 0.000_625 };
    const events = { ...windowing, threshold: 0.6 };
    expect((await hear(model.listen(path, events))).given).toHaveLength(4);
    expect((await hear(model.listen(path, { ...events, merge: true }))).given).toEqual([merged]);
    expect((await hear(model.listen(path, { ...events, merge: true, threshold: { low: 0.6 } }))).given).toEqual([
      merged,
    ]);
    expect((await hear(model.listen(path, { ...events, threshold: { high: 0.6 } }))).given).toEqual([]);
    expect((await hear(model.listen(path, { ...events, merge: true, minSeconds: 1 }))).given).toEqual([]);
  });
});

describe("what cannot be heard to its end", () => {
  test("is heard until there, and says so, its events too", async () => {
    const { model, path } = await openWith([]);
    const broken = [0.7, 0.7, 0.7, 0.7, 0.7, 0.7, Number.NaN, 0];
    writeFileSync(path, wavBytes(broken, { encoding: "float", bits: 32 }));
    const ending = {
      code: "recording-broken-off",
      facts: { path, heardSeconds: 0.000_375, cause: "audio-malformed" },
      message: `${path}: sample 6 is NaN; expected numbers in [-1, 1]; its first 0.000 s were heard`,
    };
    const windows = await hear(model.listen(path, windowing));
    expect(windows).toMatchObject({ given: [{}, {}], ending });
    const events = await hear(model.listen(path, { ...windowing, threshold: 0.6, merge: true }));
    expect(events).toMatchObject({ given: [{ startSeconds: 0, endSeconds: 0.000_375, label: "low" }], ending });
  });

  test("is named where nothing of it is heard; the model goes on", async () => {
    const { model, at } = await openLinear();
    const [none, text, short] = ["none.wav", "text.wav", "short.wav"].map(at);
    const ends = await Promise.all([none, text, short].map((path) => hear(model.listen(path ?? ""))));
    expect(ends.map(({ ending }) => (ending === "whole" ? ending : [ending.code, ending.message]))).toEqual([
      ["file-unreadable", `${none}: there is no such file`],
      [
        "audio-malformed",
        `${text}: this is not audio that can be read; expected WAV, AIFF, CAF, AU, FLAC, MP3, Ogg, WebM, or what ffmpeg decodes`,
      ],
      ["clip-too-short", `${short}: the clip has 1 samples at 16000 Hz; the model needs 4 or more (0.25 ms)`],
    ]);
    expect((await hear(model.listen(at("a.wav")))).given).toHaveLength(1);
  });

  test("what is odd about it is told", async () => {
    const { model, at } = await openLinear();
    const notes: string[] = [];
    writeFileSync(at("odd.wav"), wavBytes([0, 0, 0, 0], { dataSize: 0 }));
    await hear(model.listen(at("odd.wav"), { onNote: (note) => notes.push(note) }));
    expect(notes).toEqual(["the size in the header is not that of the samples; all that is there was read"]);
  });
});

describe("arguments are looked at before anything is opened:", () => {
  const wrong: readonly (readonly [unknown, string, string])[] = [
    [{ windowSeconds: 0 }, "option-invalid", "windowSeconds is 0; expected a number above 0"],
    [{ windowSeconds: Infinity }, "option-invalid", "windowSeconds is Infinity; expected a number above 0"],
    [{ hopSeconds: "1" }, "option-invalid", 'hopSeconds is "1"; expected a number above 0'],
    [{ threshold: 2 }, "option-invalid", "threshold is 2; expected a number from 0 to 1"],
    [{ threshold: { low: -1 } }, "option-invalid", "threshold.low is -1; expected a number from 0 to 1"],
    [
      { threshold: "0.5" },
      "option-invalid",
      'threshold is "0.5"; expected a number from 0 to 1, "best", or an object with such a number for each class to hear',
    ],
    [
      { threshold: { low: 0.5, dog: 0.5, cat: 0.2 } },
      "option-invalid",
      "threshold names dog, cat, which are no classes of the model; it has low, high",
    ],
    [{ threshold: 0.5, merge: 1 }, "option-invalid", "merge is 1; expected true or false"],
    [{ merge: true }, "option-invalid", "merge is about events, which threshold makes"],
    [{ minSeconds: 1 }, "option-invalid", "minSeconds is about events, which threshold makes"],
    [
      { threshold: 0.5, top: 1 },
      "option-invalid",
      "top and threshold exclude each other: events are of all classes that reach it",
    ],
    [{ onNote: 5 }, "option-invalid", "onNote is 5; expected a function"],
    [
      { windows: 5 },
      "option-invalid",
      "windows is no option; there are windowSeconds, hopSeconds, top, threshold, reject, merge, minSeconds, smooth, isLive, onNote, signal",
    ],
    [
      { windowSeconds: 10 },
      "window-too-long",
      "windowSeconds is 10 s, and the model hears 0.00025 s at a time; expected that or less",
    ],
    [
      { windowSeconds: 0.0001 },
      "window-too-short",
      "windowSeconds is 0.0001 s, and a frame of the model takes 0.00025 s; expected that or more",
    ],
    [
      { hopSeconds: 0.0003 },
      "hop-too-long",
      "hopSeconds is 0.0003 s, and what lies between windows of 0.00025 s would not be heard; expected that or less",
    ],
    [
      { hopSeconds: 1e-5 },
      "hop-too-short",
      "hopSeconds is 0.00001 s, less than a sample of the model; expected 0.0000625 s or more",
    ],
  ];
  test.each(wrong)("%j", async (options, code, message) => {
    const { model, at } = await openLinear();
    const call = async () => void model.listen(at("a.wav"), options as ListenOptions);
    expect(await failureOf(call)).toMatchObject({ code, message });
  });

  test("a recording that is none", async () => {
    const { model } = await openLinear();
    expect(await failureOf(async () => void model.listen(5 as unknown as Recording))).toMatchObject({
      code: "argument-invalid",
      message:
        "recording: is 5; expected a path, a file: URL, bytes, a stream, { samples, sampleRateHz }, or { stream, ... }",
    });
  });
});

describe("listening ends", () => {
  const closed = { code: "model-closed", facts: {}, message: "the model is closed" };
  const aborted = { code: "aborted", facts: {}, message: "the call was aborted" };
  const long = Array.from({ length: 4000 }, (_, index) => index % 1000);

  const first = async (model: Model, path: string, options: ListenOptions = {}) => {
    const spans = model.listen(path, { ...windowing, ...options });
    expect((await spans.next()).done).toBe(false);
    return spans;
  };

  test("where its loop does, and may begin anew", async () => {
    const { model, path } = await openWith(long);
    for await (const { startSeconds } of model.listen(path, windowing)) {
      expect(startSeconds).toBe(0);
      break;
    }
    const spans = await first(model, path);
    await spans.return?.();
    expect(await spans.next()).toEqual({ done: true, value: undefined });
    expect((await hear(model.listen(path, windowing))).given).toHaveLength(1999);
  });

  test("at once, when it is aborted: before, while a span is waited for, or between two", async () => {
    const { model, path } = await openWith(long);
    const reason = new Error("enough");
    expect((await hear(model.listen(path, { signal: AbortSignal.abort(reason) }))).ending).toEqual(aborted);
    const controller = new AbortController();
    const { signal } = controller;
    const [spans, other] = [await first(model, path, { signal }), await first(model, path, { signal })];
    const waiting = hear({ [Symbol.asyncIterator]: () => spans });
    controller.abort();
    expect((await waiting).ending).toEqual(aborted);
    expect(await failureOf(() => other.next())).toEqual(aborted);
    expect(await other.next()).toEqual({ done: true, value: undefined });
  });

  test("when the model is closed; then none begins", async () => {
    const { model, path } = await openWith(long);
    const spans = await first(model, path);
    await model.close();
    expect(await failureOf(() => spans.next())).toEqual(closed);
    expect(await failureOf(async () => void model.listen(path))).toEqual(closed);
  });

  test("for one while another goes on, and clips are classified", async () => {
    const { model, path } = await openWith(long);
    const spans = await first(model, path);
    const [whole, heard] = await Promise.all([hear(model.listen(path, windowing)), model.classify(readFileSync(path))]);
    expect([whole.given.length, heard.top.length]).toEqual([1999, 2]);
    await spans.return?.();
  });
});
