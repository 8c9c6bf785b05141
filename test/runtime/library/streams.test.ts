/** Streams, as clips and as recordings. */
import { once } from "node:events";
import { createReadStream, writeFileSync } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Clip, ListenOptions, Recording } from "../../../runtime/library/model.ts";
import { audioFixture } from "../audio/decode-bytes.ts";
import { inChunks } from "../audio/in-chunks.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { failureOf, hear, openLinear } from "./open-linear.ts";

/** The model hears 4 samples, 0.00025 s. */
const windowing = { windowSeconds: 0.000_25, hopSeconds: 0.000_25 };
const values = Array.from({ length: 40 }, (_, index) => Math.round(20_000 * Math.sin(index)));
const floats = Float32Array.from(values, (value) => value / 32_768);
const wav = wavBytes(values);
const pcm = wav.subarray(44);

const chunksOf = async function* (bytes: Uint8Array, sizes: readonly number[] = [5, 1, 30]) {
  const next = inChunks(bytes, sizes);
  for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk;
};
const webStream = (bytes: Uint8Array) => Readable.toWeb(Readable.from(chunksOf(bytes))) as ReadableStream<Uint8Array>;
const floatsOf = async function* (samples: Float32Array, size: number) {
  for (let start = 0; start < samples.length; start += size) {
    yield await Promise.resolve(samples.subarray(start, start + size));
  }
};
const raw = { sampleRateHz: 16_000, sampleFormat: "s16le" } as const;
const bigEndian = Buffer.from(pcm).swap16();
const stereo = Float32Array.from({ length: 80 }, (_, index) => floats[index >> 1] ?? 0);

const sameSounds: Readonly<Record<string, (path: string) => Recording>> = {
  "Node.js's stream of a file": (path) => createReadStream(path, { highWaterMark: 7 }),
  "Node.js's stream of chunks": () => Readable.from(chunksOf(wav)),
  "the web's stream": () => webStream(wav),
  "an iterable of bytes": () => chunksOf(wav),
  "a stream in an object": () => ({ stream: chunksOf(wav) }),
  "samples without a header": () => ({ stream: chunksOf(pcm), ...raw }),
  "the same, the high byte first": () => ({ stream: chunksOf(bigEndian), ...raw, sampleFormat: "s16be" }),
  "a stream of floats": () => ({ stream: floatsOf(floats, 7), sampleRateHz: 16_000 }),
  "the same, of two channels": () => ({ stream: floatsOf(stereo, 10), sampleRateHz: 16_000, channels: 2 }),
  "bytes in memory": () => wav,
  "a Blob": () => new Blob([wav]),
  "a File": () => new File([wav], "a.wav"),
  "samples in memory": () => ({ samples: floats, sampleRateHz: 16_000 }),
  "the same, of two channels each": () => ({ samples: [floats, floats], sampleRateHz: 16_000 }),
};

describe.each(Object.entries(sameSounds))("%s", (_, make) => {
  test("is heard as the file is", async () => {
    const { model, at } = await openLinear();
    const path = at("recording.wav");
    writeFileSync(path, wav);
    const { given, ending } = await hear(model.listen(make(path), windowing));
    expect(ending).toBe("whole");
    const file = await hear(model.listen(path, windowing));
    expect(given.map(({ startSeconds, scores }) => [startSeconds, scores])).toEqual(
      file.given.map(({ startSeconds, scores }) => [startSeconds, scores]),
    );
    const [clip, whole] = [await model.classify(make(path)), await model.classify(path)];
    expect(clip.scores).toEqual(whole.scores);
    expect(clip.secondsHeard).toBe(whole.secondsHeard);
  });
});

test("encoded files of every kind are heard as they come", async () => {
  const { model, at } = await openLinear();
  for (const name of ["sines.flac", "sines.mp3", "sines-vorbis.ogg", "sines-opus.ogg", "sines-flac.ogg"]) {
    writeFileSync(at(name), audioFixture(name));
    const [file, stream] = await Promise.all([
      hear(model.listen(at(name), windowing)),
      hear(model.listen(chunksOf(audioFixture(name), [1, 100, 17]), windowing)),
    ]);
    expect(stream.given.map(({ scores }) => scores)).toEqual(file.given.map(({ scores }) => scores));
    expect(stream.ending).toBe("whole");
  }
});

/** What ends in a failure: how many windows come before it, its code, cause and message. */
const breaksOff = async (recording: Recording, options: ListenOptions = windowing) => {
  const { model } = await openLinear();
  const { given, ending } = await hear(model.listen(recording, options));
  return ending === "whole" ? ending : [given.length, ending.code, ending.facts["cause"], ending.message];
};

describe("what is wrong with a stream is told, after what was heard until there:", () => {
  test("it ends inside a sample", async () => {
    const heard = [4, "recording-broken-off", "audio-malformed"];
    const said = "it ends inside a sample: 1 of its 2 bytes have come; its first 0.001 s were heard";
    expect(await breaksOff({ stream: chunksOf(pcm.subarray(0, 39)), ...raw })).toEqual([
      ...heard,
      `recording: ${said}`,
    ]);
    const piped = wavBytes(values, { dataSize: 0xffff_ffff }).subarray(0, 44 + 39);
    expect(await breaksOff(chunksOf(piped))).toEqual([...heard, `recording: ${said}`]);
    expect(await breaksOff({ stream: chunksOf(piped), name: "the hall" })).toEqual([...heard, `the hall: ${said}`]);
    const stereo = { stream: chunksOf(pcm.subarray(0, 38)), ...raw, channels: 2 };
    expect((await breaksOff(stereo))[3]).toMatch("it ends inside a sample: 2 of its 4 bytes have come");
  });

  test("it has less than a sample", async () => {
    expect(await breaksOff({ stream: chunksOf(pcm.subarray(0, 1)), ...raw })).toEqual([
      0,
      "audio-malformed",
      undefined,
      "recording: it ends inside a sample: 1 of its 2 bytes have come",
    ]);
    expect(await breaksOff({ stream: chunksOf(new Uint8Array()), ...raw })).toEqual([
      0,
      "audio-malformed",
      undefined,
      "recording: the clip has no samples",
    ]);
  });

  test("another file follows, of another rate", async () => {
    const other = wavBytes(values, { sampleRateHz: 8000 });
    expect(await breaksOff(chunksOf(Buffer.concat([wav, other])))).toEqual([
      10,
      "recording-broken-off",
      "audio-malformed",
      "recording: another WAV file follows in this one; expected one; its first 0.003 s were heard",
    ]);
  });

  test("a link of a chain has another rate", async () => {
    const chained = Buffer.concat([audioFixture("sines-vorbis.ogg"), audioFixture("sines-opus.ogg")]);
    const [windows, code, , message] = await breaksOff(chunksOf(chained, [4000]));
    expect([windows, code, message]).toEqual([
      800,
      "recording-broken-off",
      "recording: its sample rate changes from 16000 to 48000 Hz; its first 0.200 s were heard",
    ]);
  });

  test("it is no sound, or nothing", async () => {
    const none = [0, "audio-malformed", undefined];
    expect(await breaksOff(chunksOf(Buffer.from("no sound at all")))).toEqual([
      ...none,
      "recording: this is not audio that can be read; expected WAV, AIFF, CAF, AU, FLAC, MP3, Ogg, WebM, or what ffmpeg decodes",
    ]);
    expect(await breaksOff(chunksOf(new Uint8Array()))).toEqual([...none, "recording: the file is empty"]);
  });

  test("it breaks", async () => {
    const broken = async function* () {
      yield* chunksOf(wav.subarray(0, 44 + 20));
      throw new Error("the cable was pulled");
    };
    const said = "recording: reading it failed: the cable was pulled";
    expect(await breaksOff(broken())).toEqual([
      2,
      "recording-broken-off",
      "stream-failed",
      `${said}; its first 0.001 s were heard`,
    ]);
    const { model } = await openLinear();
    const { ending } = await hear(model.listen(Readable.from(broken()), windowing));
    expect(ending).toMatchObject({ code: "recording-broken-off" });
    const refused = Readable.from([wav]);
    refused.destroy(new Error("ECONNRESET"));
    await once(refused, "close").catch(() => undefined);
    expect(await failureOf(() => model.classify(refused))).toMatchObject({ code: "stream-failed" });
  });

  test("it gives something else than bytes, or than samples", async () => {
    const texts = Readable.from([wav.toString("latin1")]);
    const said = "recording: the stream gives text; expected bytes (Uint8Array or ArrayBuffer)";
    expect(await breaksOff(texts)).toEqual([0, "argument-invalid", undefined, said]);
    expect(await breaksOff(floatsOf(floats, 4) as unknown as Recording)).toEqual([
      0,
      "argument-invalid",
      undefined,
      "recording: the stream gives something else; expected bytes (Uint8Array or ArrayBuffer)",
    ]);
    expect(await breaksOff({ stream: chunksOf(pcm), sampleRateHz: 16_000 })).toEqual([
      0,
      "argument-invalid",
      undefined,
      "recording: the stream gives something else; expected samples (Float32Array)",
    ]);
  });

  test("another reader holds it", async () => {
    const stream = webStream(wav);
    stream.getReader();
    expect(await breaksOff(stream)).toEqual([
      0,
      "argument-invalid",
      undefined,
      "recording: another reader holds the stream",
    ]);
  });

  test.each([
    [{ stream: 5 }, "its stream is 5; expected a stream or an async iterable"],
    [
      { stream: chunksOf(pcm), channels: 2 },
      "it has channels and no sampleRateHz; expected both, of samples without a header",
    ],
    [{ stream: chunksOf(pcm), sampleRateHz: "16000" }, 'its sampleRateHz is "16000"; expected a number'],
    [{ stream: chunksOf(pcm), ...raw, channels: 0 }, "its channels are 0; expected a whole number from 1 to 255"],
    [
      { stream: chunksOf(pcm), ...raw, sampleFormat: "s16" },
      'its sampleFormat is "s16"; expected u8, s8, s16le, s16be, s24le, s24be, s32le, s32be, f32le, f32be, f64le, f64be, alaw, mulaw',
    ],
    [{ stream: chunksOf(pcm), name: 5 }, "its name is 5; expected a text"],
  ])("%j", async (clip, sentence) => {
    const { model } = await openLinear();
    expect(await failureOf(() => model.classify(clip as unknown as Clip))).toMatchObject({
      code: "argument-invalid",
      message: `clip: ${sentence}`,
    });
  });

  test("a rate that is none", async () => {
    expect(await breaksOff({ stream: chunksOf(pcm), ...raw, sampleRateHz: 10 })).toEqual([
      0,
      "audio-malformed",
      undefined,
      "recording: its sample rate is 10 Hz; expected 1000 to 1000000 Hz",
    ]);
  });
});

/** Sound without end, and how much of it was asked for. */
const endless = () => {
  const told = { chunks: 0, isClosed: false };
  const stream = (async function* () {
    try {
      for (;;) {
        told.chunks += 1;
        yield await Promise.resolve(new Uint8Array(16_384));
      }
    } finally {
      told.isClosed = true;
    }
  })();
  return { stream: { stream, ...raw }, told };
};

/** Sound that has begun and does not go on. */
const stalled = () => {
  const stream = new PassThrough();
  stream.write(wavBytes(values, { dataSize: 0xffff_ffff }));
  onTestFinished(() => void stream.destroy());
  return stream;
};

describe("a stream", () => {
  test("is heard as far as a clip goes, and closed", async () => {
    const { model } = await openLinear();
    const { stream, told } = endless();
    expect(await model.classify(stream)).toMatchObject({ secondsHeard: 0.000_25, secondsTotal: undefined });
    expect(told.isClosed).toBe(true);
  });

  test("is read no faster than it is heard", async () => {
    const { model } = await openLinear({ batch: 4 });
    const { stream, told } = endless();
    const spans = model.listen(stream, windowing);
    for (let count = 0; count < 100; count++) await spans.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    // A chunk has 2048 windows.
    expect(told.chunks).toBeLessThan(3);
    await spans.return?.();
    expect(told.isClosed).toBe(true);
  });

  test("that is live waits for nobody: windows are left out, and told", async () => {
    const { model } = await openLinear({ batch: 1 });
    const stream = async function* () {
      for (let count = 0; count < 20; count++) {
        yield new Uint8Array(16_384);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    const spans = model.listen({ stream: stream(), ...raw }, { ...windowing, isLive: true });
    let [heard, skipped, lastStart] = [0, 0, -1];
    for await (const span of spans) {
      heard += 1;
      skipped += span.skipped;
      expect(span.startSeconds).toBeCloseTo((heard + skipped - 1) * 0.000_25, 6);
      expect(span.startSeconds).toBeGreaterThan(lastStart);
      lastStart = span.startSeconds;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(skipped).toBeGreaterThan(heard);
  });

  test("that stalls gives what has come, in time; and is left at once", async () => {
    const { model } = await openLinear();
    const stream = stalled();
    const spans = model.listen(stream, windowing);
    for (let count = 0; count < 10; count++) {
      const { value } = await spans.next();
      expect(value?.latencySeconds).toBeLessThan(10);
    }
    const waiting = spans.next();
    await spans.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(stream.destroyed).toBe(true);
  });

  test("that stalls is left when listening is aborted, or the model closed", async () => {
    const { model } = await openLinear();
    const [one, other] = [stalled(), stalled()];
    const controller = new AbortController();
    const ends = [
      hear(model.listen(one, { ...windowing, signal: controller.signal })),
      failureOf(() => model.classify(new PassThrough(), { signal: controller.signal })),
    ] as const;
    const closing = hear(model.listen(other, windowing));
    await new Promise((resolve) => setTimeout(resolve, 500));
    controller.abort();
    expect((await ends[0]).ending).toMatchObject({ code: "aborted" });
    expect(await ends[1]).toMatchObject({ code: "aborted" });
    await model.close();
    expect((await closing).ending).toMatchObject({ code: "model-closed" });
    expect([one.destroyed, other.destroyed]).toEqual([true, true]);
  });
});
