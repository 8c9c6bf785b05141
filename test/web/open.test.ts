/** `specgraph/web` as it is installed, in Chromium: what it answers is what `specgraph/runtime` answers. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ModelCost } from "../../compiler/artifact/cost.ts";
import { metadataKey } from "../../compiler/artifact/metadata.ts";
import { decodeOnnx, encodeOnnx, type onnx } from "../../compiler/artifact/onnx.ts";
import { compile } from "../../compiler/compile.ts";
import { encodeWav } from "../../runtime/audio/encode-wav.ts";
import { resample } from "../../runtime/audio/resample.ts";
import { soundRateHz, synthesise } from "../../runtime/data/synthesise.ts";
import { open } from "../../runtime/library/open.ts";
import type { Model } from "../../runtime/library/model.ts";
import type * as Web from "../../runtime/web/index.ts";
import { chromiumPath, launchChromium } from "./chromium.ts";
import { type FileServer, serveFiles } from "./serve-files.ts";
import { visit } from "./visit.ts";

type Library = { readonly page: typeof Web };

const folder = mkdtempSync(join(tmpdir(), "specgraph-web-"));
const graph = join(folder, "graph.onnx");
/** By name, each of another format or rate. */
const clips = [
  "siren-8000.wav",
  "siren-44100.wav",
  "sines-24bit.flac",
  "sines-opus.ogg",
  "sines-vorbis.ogg",
  "sines.mp3",
];
const recording = "long.wav";

let browser: Browser;
let server: FileServer;
let node: Model;

const siren = (sampleRateHz: number, count = 1): Float32Array => {
  const sounds = Array.from({ length: count }, (_, index) => synthesise({ kind: "siren", index, seed: 7 }));
  const joined = Float32Array.from(sounds.flatMap((sound) => [...sound]));
  return resample(joined, { fromHz: soundRateHz, toHz: sampleRateHz });
};

/** Has something done on a page that has the library. */
const onPage = <Result, Argument>(
  act: (argument: Argument) => Promise<Result>,
  argument: Argument,
  url = server.url,
): Promise<Result> => visit(browser, url, (page: Page) => page.evaluate(act as never, argument) as Promise<Result>);

describe.skipIf(chromiumPath === undefined)("specgraph/web", { timeout: 240_000 }, () => {
  beforeAll(async () => {
    compile({ spec: "spec/quickstart.ts", out: graph, input: "waveform" });
    for (const rate of [8000, 44_100]) writeFileSync(join(folder, `siren-${rate}.wav`), encodeWav(siren(rate), rate));
    writeFileSync(join(folder, recording), encodeWav(siren(16_000, 4), 16_000));
    writeFileSync(join(folder, "page.js"), 'export * from "/web/index.js";\n');
    writeFileSync(join(folder, "text.wav"), "no sound at all");
    browser = await launchChromium();
    server = await serveFiles([folder, "test/fixtures/audio", "dist"], { isolated: true });
    node = await open(graph, { device: "cpu" });
  }, 60_000);
  afterAll(async () => {
    await node.close();
    await server.close();
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  const pathOf = (name: string): string =>
    name.startsWith("sines") ? join("test/fixtures/audio", name) : join(folder, name);

  test.each(["cpu", "webgpu"] as const)("answers on %s", async (device) => {
    const expected = await node.classify(clips.map(pathOf), { top: 3 });
    const windows: Web.HeardWindow[] = [];
    const listening = { windowSeconds: 1, hopSeconds: 0.5 };
    for await (const window of node.listen(join(folder, recording), listening)) windows.push(window);
    const seen = await node.explain(pathOf("siren-8000.wav"));
    const embedding = await node.embed(pathOf("siren-8000.wav"));

    const answers = await onPage(
      async ([clips, recording, device]) => {
        const { page } = globalThis as unknown as Library;
        const model = await page.open("graph.onnx", { device });
        const byUrl = await model.classify(clips);
        const blob = await (await fetch(clips[0] ?? "")).blob();
        const [byBlob, byBytes] = [await model.classify(blob), await model.classify(await blob.arrayBuffer())];
        const scores: (readonly number[])[] = [];
        const starts: number[] = [];
        for await (const { startSeconds, scores: own } of model.listen(recording, {
          windowSeconds: 1,
          hopSeconds: 0.5,
        })) {
          starts.push(startSeconds);
          scores.push([...own]);
        }
        const events = [];
        const hearing = { threshold: 0.12, merge: true, windowSeconds: 1, hopSeconds: 0.5 };
        for await (const event of model.listen(blob, hearing)) events.push(event.label);
        const { attention, spectrogram } = await model.explain(blob);
        const embedding = await model.embed(blob);
        await model.close();
        const after = await model.classify(blob).catch((error: Error) => error.message);
        return {
          device: model.device,
          classes: model.metadata.classes.length,
          byUrl: byUrl.map(({ scores }) => [...scores]),
          byBlob: [...byBlob.scores],
          byBytes: [...byBytes.scores],
          starts,
          scores,
          events,
          attention: [...attention.values],
          spectrogram: [...spectrogram.values],
          embedding: [...embedding],
          after,
        };
      },
      [clips, recording, device] as const,
    );

    const near = (values: readonly number[], others: Iterable<number>, digits = 4): void => {
      const own = [...others];
      expect(values).toHaveLength(own.length);
      values.forEach((value, index) => expect(value).toBeCloseTo(own[index] ?? Number.NaN, digits));
    };
    expect(answers.classes).toBe(10);
    expect(answers.device).toMatchObject({
      kind: device,
      name: { cpu: "WebAssembly", webgpu: "google swiftshader" }[device],
    });
    answers.byUrl.forEach((scores, index) => near(scores, expected[index]?.scores ?? []));
    near(answers.byBlob, expected[0]?.scores ?? []);
    near(answers.byBytes, expected[0]?.scores ?? []);
    expect(answers.starts).toEqual(windows.map(({ startSeconds }) => startSeconds));
    answers.scores.forEach((scores, index) => near(scores, windows[index]?.scores ?? []));
    expect(answers.events.length).toBeGreaterThan(0);
    near(answers.attention, seen.attention.values);
    near(answers.spectrogram, seen.spectrogram.values, 2);
    near(answers.embedding, embedding, 3);
    expect(answers.after).toBe("the model is closed");
  });

  test("samples, streams, and a microphone's samples as they come", async () => {
    const samples = siren(16_000, 2);
    const expected = await node.classify({ samples, sampleRateHz: 16_000 });
    const given = await onPage(
      async (samples) => {
        const { page } = globalThis as unknown as Library;
        const model = await page.open(await (await fetch("graph.onnx")).arrayBuffer(), { device: "cpu" });
        const sound = { samples: Float32Array.from(samples), sampleRateHz: 16_000 };
        const chunks = async function* () {
          for (let start = 0; start < samples.length; start += 1000)
            yield await Promise.resolve(Float32Array.from(samples.slice(start, start + 1000)));
        };
        const starts = [];
        const stream = { stream: chunks(), sampleRateHz: 16_000 };
        for await (const { startSeconds } of model.listen(stream, { windowSeconds: 1, isLive: true }))
          starts.push(startSeconds);
        const response = await fetch("siren-8000.wav");
        const body = response.body ?? undefined;
        const heard = await model.classify(sound);
        const streamed = body && (await model.classify(body));
        await model.close();
        return { scores: [...heard.scores], streamed: streamed?.top[0]?.label, starts };
      },
      [...samples],
    );
    given.scores.forEach((score, index) => expect(score).toBeCloseTo(expected.scores[index] ?? Number.NaN, 4));
    expect(given.starts).toEqual([0, 1]);
    expect(given.streamed).toBe((await node.classify(join(folder, "siren-8000.wav"))).top[0]?.label);
  });

  test("formats that the browser alone decodes", async () => {
    const expected = await node.classify("test/fixtures/audio/sines.flac");
    const given = await onPage(async () => {
      const { page } = globalThis as unknown as Library;
      const model = await page.open("graph.onnx", { device: "cpu" });
      const { scores, notes } = await model.classify("sines-flac.mp4");
      const told: string[] = [];
      const windows = [];
      const options = { windowSeconds: 1, onNote: (note: string) => told.push(note) };
      for await (const window of model.listen("sines-flac.mp4", options)) windows.push([...window.scores]);
      await model.close();
      return { scores: [...scores], notes, told, windows };
    }, undefined);
    const note = "it was decoded by the browser, at 48000 Hz";
    expect([given.notes, given.told]).toEqual([[note], [note]]);
    for (const scores of [given.scores, ...given.windows])
      scores.forEach((score, index) => expect(score).toBeCloseTo(expected.scores[index] ?? Number.NaN, 2));
  });

  test("a graph with a data file, beside its URL or given", async () => {
    const large = join(folder, "large.onnx");
    compile({ spec: "test/web/specs/large.ts", out: large, input: "waveform" });
    copyFileSync(`${large}.data`, join(folder, "moved.bin"));
    writeFileSync(join(folder, "other.bin"), Buffer.alloc(readFileSync(`${large}.data`).length));
    const model = await open(large, { device: "cpu" });
    const { scores: expected } = await model.classify(pathOf("siren-8000.wav"));
    await model.close();
    const given = await onPage(async () => {
      const { page } = globalThis as unknown as Library;
      const graph = await (await fetch("large.onnx")).blob();
      const data = await (await fetch("moved.bin")).arrayBuffer();
      const answers: (readonly number[] | string)[] = [];
      for (const opening of [
        () => page.open("large.onnx", { device: "cpu" }),
        () => page.open(graph, { data, device: "cpu" }),
        () => page.open(graph, { device: "cpu" }),
        () => page.open("large.onnx", { data: "other.bin", device: "cpu" }),
      ]) {
        try {
          const model = await opening();
          answers.push([...(await model.classify("siren-8000.wav")).scores]);
          await model.close();
        } catch (error) {
          answers.push((error as Error).message);
        }
      }
      return answers;
    }, undefined);
    const [beside, moved, missing, foreign] = given;
    for (const scores of [beside, moved])
      expect(scores).toEqual([...expected].map((score) => expect.closeTo(score, 4) as number));
    expect(missing).toBe("the graph: its data file large.onnx.data is missing; give the two together");
    expect(foreign).toBe(
      `${server.url}other.bin: not the data that ${server.url}large.onnx was written with; copy the two files together, or compile again`,
    );
  });

  test("what is wrong is told as in Node.js, by codes and sentences", async () => {
    const told = await onPage(async () => {
      const { page } = globalThis as unknown as Library;
      const failure = async (failing: Promise<unknown>) => {
        const error = await failing.catch((error: unknown) => error);
        return error instanceof page.UserError ? [error.code, error.message] : String(error);
      };
      const model = await page.open("graph.onnx", { device: "cpu" });
      const ended = new AbortController();
      ended.abort();
      const told = [
        await failure(page.open("text.wav")),
        await failure(page.open(new Uint8Array(8))),
        await failure(page.open("graph.onnx", { device: "cuda" })),
        await failure(page.open("graph.onnx", { threads: 2 } as never)),
        await failure(page.open(3 as never)),
        await failure(page.open("http://nowhere.invalid:99999/graph.onnx")),
        await failure(model.classify("text.wav")),
        await failure(model.classify(new File(["no sound"], "mine.wav"))),
        await failure(model.classify(3 as never)),
        await failure(model.classify({ samples: new Float32Array(10), sampleRateHz: 16_000 })),
        await failure(model.classify("siren-8000.wav", { signal: ended.signal })),
      ];
      await model.close();
      return told;
    }, undefined);
    const noSound =
      "this is not audio that can be read; expected WAV, AIFF, CAF, AU, FLAC, MP3, Ogg, WebM, or what the browser decodes";
    expect(told).toEqual([
      ["not-onnx", `${server.url}text.wav: not an ONNX file`],
      ["not-onnx", "the graph: not an ONNX file"],
      ["device-missing", "device cuda: browsers have none"],
      ["option-invalid", "threads is no option; there are device, batch, signal, data"],
      ["argument-invalid", "the graph is 3; expected a URL, a File or Blob, or bytes"],
      [
        "argument-invalid",
        'the graph is "http://nowhere.invalid:99999/graph.onnx"; expected a URL, a File or Blob, or bytes',
      ],
      ["audio-malformed", `${server.url}text.wav: ${noSound}`],
      ["audio-malformed", `mine.wav: ${noSound}`],
      [
        "argument-invalid",
        "clip: is 3; expected a URL, a File or Blob, bytes, a stream, { samples, sampleRateHz }, or { stream, ... }",
      ],
      ["clip-too-short", "clip: the clip has 10 samples at 16000 Hz; the model needs 400 or more (25 ms)"],
      ["aborted", "the call was aborted"],
    ]);
  });

  test("a graph that no tab can hold is refused before it is opened, with the figures", async () => {
    const model: onnx.IModelProto = decodeOnnx(readFileSync(graph));
    const key = metadataKey("cost");
    const properties = model.metadataProps ?? [];
    const cost = JSON.parse(properties.find((property) => property.key === key)?.value ?? "") as ModelCost;
    const value = JSON.stringify({ ...cost, inference: { ...cost.inference, peakBytes: [6e9] } });
    const metadataProps = properties.map((property) => (property.key === key ? { key, value } : property));
    writeFileSync(join(folder, "huge.onnx"), encodeOnnx({ ...model, metadataProps }));
    const told = await onPage(async () => {
      const { page } = globalThis as unknown as Library;
      return page.open("huge.onnx").then(String, (error: Error) => error.message);
    }, undefined);
    expect(told).toBe(
      `${server.url}huge.onnx: needs about 7.2 GB of memory, and a browser's tab has 4.3 GB at most for it`,
    );
  });

  test("what is not there is told by its URL", async () => {
    // Chromium logs an error of its own.
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(server.url);
    const told = await page.evaluate(async () => {
      const { page } = globalThis as unknown as Library;
      const model = await page.open("graph.onnx", { device: "cpu" });
      const messages = [page.open("none.onnx"), model.classify("none.wav"), page.open("http://127.0.0.1:9/a.onnx")];
      return Promise.all(messages.map((failing) => failing.then(String, (error: Error) => error.message)));
    });
    await context.close();
    expect(told).toEqual([
      `${server.url}none.onnx: there is no such file (HTTP status 404)`,
      `${server.url}none.wav: there is no such file (HTTP status 404)`,
      "http://127.0.0.1:9/a.onnx: cannot be fetched: no answer, or none that this page may read",
    ]);
  });

  test("on a page that is not isolated it says that it has one thread", async () => {
    const plain = await serveFiles([folder, "dist"], { isolated: false });
    const device = await onPage(
      async () => {
        const { page } = globalThis as unknown as Library;
        const model = await page.open("graph.onnx");
        await model.close();
        return model.device;
      },
      undefined,
      plain.url,
    );
    await plain.close();
    expect(device).toEqual({
      kind: "cpu",
      name: "WebAssembly",
      driver: "1 thread, as the page is not cross-origin isolated",
      reason: "no GPU but one in software, google swiftshader",
    });
  });
});
