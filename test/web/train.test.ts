/** Training in a tab, in Chromium: it comes to what `specgraph/runtime` comes to, and its graph is a graph everywhere. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page as Tab, Worker } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { decodeOnnx, encodeOnnx } from "../../compiler/artifact/onnx.ts";
import { encodeArtifact } from "../../runtime/artifact/encode-artifact.ts";
import { readArtifact } from "../../runtime/artifact/read-artifact.ts";
import { readerOf } from "../../runtime/artifact/stored-tensor.ts";
import { trainedClipsOf } from "../../runtime/artifact/trained-clips.ts";
import { withClasses } from "../../runtime/artifact/with-classes.ts";
import { encodeWav } from "../../runtime/audio/encode-wav.ts";
import { randomOf } from "../../runtime/data/random.ts";
import { open } from "../../runtime/library/open.ts";
import { train as trainInNode } from "../../runtime/library/train.ts";
import type * as Web from "../../runtime/web/index.ts";
import { isThere } from "../homes/home-project.ts";
import { chromiumPath, launchChromium } from "./chromium.ts";
import { type FileServer, serveFiles } from "./serve-files.ts";
import { visit } from "./visit.ts";

type Page = { readonly page: typeof Web };

const folder = mkdtempSync(join(tmpdir(), "specgraph-web-"));
const graph = join(folder, "graph.onnx");
const classes = ["hiss", "whistle"] as const;
const count = 13;
const sampleRateHz = 16_000;
const clipPath = (name: string, index: number): string => `clips/${name}/${String(index).padStart(2, "0")}.wav`;
const trainingPaths = (name: string): readonly string[] =>
  Array.from({ length: count }, (_, index) => `/${clipPath(name, index)}`);
const freshCount = 10;
const freshPaths = (name: string): readonly string[] =>
  Array.from({ length: freshCount }, (_, index) => `/fresh/${name}-${index}.wav`);
/** On a GPU in software each parameter takes its time. */
const small = { spec: "spec/quickstart.ts", settings: ['size={"width":32,"depth":1,"heads":2}'] };
/** Ten steps, likewise. */
const settings = { epochs: 1, batch: 2, learningRate: 0.001, seed: 3 };

/** A second of noise, or of a high tone. */
const sound = (name: (typeof classes)[number], index: number): Float32Array => {
  const random = randomOf(name.length, index);
  const [level, hz] = [random.uniform(0.1, 0.4), random.uniform(1500, 4000)];
  const whistle = (time: number): number => Math.sin(2 * Math.PI * hz * time) + random.uniform(-0.03, 0.03);
  return new Float32Array(sampleRateHz).map(
    (_, at) => level * (name === "hiss" ? random.uniform(-1, 1) : whistle(at / sampleRateHz)),
  );
};

const hasPython = isThere("python3", "-c", "import onnxruntime, numpy");
/** Prints the scores of WAV files, of 16 bits at the graph's rate, a line each. */
const python = `
import sys, wave, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
for path in sys.argv[2:]:
    clip = wave.open(path)
    waveform = numpy.frombuffer(clip.readframes(clip.getnframes()), "<i2").astype("float32") / 32768
    print(*session.run(["scores"], {"waveform": waveform[None]})[0][0])
`;

let browser: Browser;
let server: FileServer;

/** As far as they are asked for. */
interface GpuDevice {
  readonly destroy: () => void;
}
interface GpuAdapter {
  requestDevice: (options: unknown) => Promise<GpuDevice>;
}

interface Given {
  readonly device: "cpu" | "webgpu";
  readonly options: Omit<Web.WebTrainOptions, "classes" | "device" | "signal">;
  readonly classes: readonly { readonly name: string; readonly paths: readonly string[] }[];
  readonly fresh: readonly string[];
  /** A step after which to abort. */
  readonly abortAfter?: number;
}

/** Runs on the page, which may be told of each event. @returns the events, and the last graph in base64, with its scores of fresh sounds */
const trainOnPage = async ({ device, options, classes, fresh, abortAfter }: Given) => {
  const { page, told } = globalThis as unknown as Page & { readonly told?: (event: string, step: number) => unknown };
  const kinds: readonly ((path: string) => Promise<Web.TrainingClip>)[] = [
    async (path: string) => path,
    async (path: string) => new File([await (await fetch(path)).blob()], path.split("/").at(-1) ?? ""),
    async (path: string) => (await fetch(path)).arrayBuffer(),
  ];
  const given = await Promise.all(
    classes.map(async ({ name, paths }) => ({
      name,
      clips: await Promise.all(
        paths.map((path, index) => kinds[index % kinds.length]?.(path) ?? Promise.resolve(path)),
      ),
    })),
  );
  const interruption = new AbortController();
  const events: Web.WebTrainingEvent[] = [];
  const settings = { classes: given, device, signal: interruption.signal, ...options };
  for await (const event of page.train("/graph.onnx", settings)) {
    events.push(event);
    const step = event.event === "step" ? event.step : 0;
    await told?.(event.event, step);
    if (step > 0 && step === abortAfter) interruption.abort();
  }
  const done = events.at(-1);
  if (done?.event !== "done") throw new Error("a training without an end");
  const model = await page.open(done.graph, { device: "cpu" });
  const answers = await model.classify(fresh);
  await model.close();
  const bytes = new Uint8Array(await done.graph.arrayBuffer());
  const graph = (bytes as unknown as { readonly toBase64: () => string }).toBase64();
  return { events, scores: answers.map(({ scores }) => [...scores]), graph, name: done.graph.name };
};

const given = (device: Given["device"], changes: Partial<Given> = {}): Given => ({
  device,
  options: settings,
  classes: classes.map((name) => ({ name, paths: trainingPaths(name) })),
  fresh: classes.flatMap(freshPaths),
  ...changes,
});

const lossesOf = (events: readonly { readonly event: string }[]): readonly number[] =>
  events.flatMap((event) => (event.event === "step" ? (event as Web.StepEvent).loss : []));

const outline = (events: readonly Web.WebTrainingEvent[]): readonly string[] =>
  events.map((event) =>
    event.event === "note" ? event.text : "step" in event ? `${event.event} ${event.step}` : event.event,
  );

const largestDistance = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number =>
  Math.max(...a.flatMap((row, at) => row.map((value, index) => Math.abs(value - (b[at]?.[index] ?? Number.NaN)))));

describe.skipIf(chromiumPath === undefined)("specgraph/web trains", { timeout: 240_000 }, () => {
  let nodeLosses: readonly number[];

  beforeAll(async () => {
    compile({ ...small, out: graph, input: "waveform" });
    compile({ ...small, out: join(folder, "features.onnx"), input: "features" });
    const { trainingInfo: _, ...untrained } = decodeOnnx(readFileSync(graph));
    writeFileSync(join(folder, "untrained.onnx"), encodeOnnx(untrained));
    for (const name of classes) {
      mkdirSync(join(folder, "clips", name), { recursive: true });
      mkdirSync(join(folder, "fresh"), { recursive: true });
      for (let index = 0; index < count; index++)
        writeFileSync(join(folder, clipPath(name, index)), encodeWav(sound(name, index), sampleRateHz));
      freshPaths(name).forEach((path, index) =>
        writeFileSync(join(folder, path), encodeWav(sound(name, 100 + index), sampleRateHz)),
      );
    }
    writeFileSync(join(folder, "short.wav"), encodeWav(new Float32Array(100), sampleRateHz));
    writeFileSync(join(folder, "text.wav"), "no sound at all");
    const cut = await withClasses(readArtifact(graph), classes);
    writeFileSync(join(folder, "cut.onnx"), await encodeArtifact(cut, readerOf(cut.parameters)));
    const options = { data: join(folder, "clips"), out: join(folder, "run"), device: "cpu", ...settings } as const;
    const events = [];
    for await (const event of trainInNode(join(folder, "cut.onnx"), options)) events.push(event);
    nodeLosses = lossesOf(events).slice(0, 10);
    writeFileSync(join(folder, "page.js"), 'export * from "/web/index.js";\n');
    browser = await launchChromium();
    server = await serveFiles([folder, "dist"], { isolated: true });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  const onPage = <Result, Argument>(
    act: (argument: Argument) => Promise<Result>,
    argument: Argument,
    prepare: (page: Tab) => Promise<void> = async () => undefined,
  ): Promise<Result> =>
    visit(browser, server.url, async (tab) => {
      await prepare(tab);
      return tab.evaluate(act as never, argument) as Promise<Result>;
    });

  /** What a graph from a page answers in Node.js to the fresh sounds. */
  const answersInNode = async (path: string): Promise<readonly (readonly number[])[]> => {
    const model = await open(path, { device: "cpu" });
    expect(model.metadata.classes).toStrictEqual(classes);
    const answers = await model.classify(classes.flatMap(freshPaths).map((fresh) => join(folder, fresh)));
    await model.close();
    return answers.map(({ scores }) => [...scores]);
  };

  const requireLearnt = (scores: readonly (readonly number[])[]): void => {
    const right = scores.filter((row, index) => (row[Math.floor(index / freshCount)] ?? 0) > 0.5);
    expect(right.length / scores.length).toBeGreaterThanOrEqual(0.95);
  };

  test.each(["cpu", "webgpu"] as const)("two sounds are learnt, with Node.js's losses: %s", async (device) => {
    const { events, scores, graph, name } = await onPage(trainOnPage, given(device));
    const losses = lossesOf(events);
    expect(nodeLosses).toHaveLength(10);
    expect(largestDistance([nodeLosses], [losses.slice(0, 10)])).toBeLessThan(1e-4);
    expect(events[0]).toMatchObject({
      event: "start",
      name: "quickstart",
      classes,
      clips: { train: 20, evaluation: 6 },
      steps: 10,
      device: { kind: device },
    });
    expect(events.at(-1)).toMatchObject({ event: "done", epochs: 1, steps: 10, interrupted: false });
    requireLearnt(scores);

    const trained = join(folder, `${device}.onnx`);
    writeFileSync(trained, Buffer.from(graph, "base64"));
    expect(name).toBe("graph.onnx");
    expect(largestDistance(await answersInNode(trained), scores)).toBeLessThan(1e-4);
    const { metadata, model } = readArtifact(trained);
    expect(metadata.decisions?.thresholds?.measuredOn).toStrictEqual({ data: "the clips", clips: 6, background: 0 });
    // Of the clips to train on, those that are files or bytes.
    expect(trainedClipsOf({ model })?.clips).toBeGreaterThanOrEqual(10);
  });

  test.skipIf(!hasPython)("ONNX Runtime for Python answers from its graph what Node.js does", async () => {
    const trained = join(folder, "cpu.onnx");
    const paths = classes.flatMap(freshPaths).map((path) => join(folder, path));
    const { stdout, stderr } = spawnSync("python3", ["-c", python, trained, ...paths], { encoding: "utf8" });
    expect(stderr).toBe("");
    const scores = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" ").map(Number));
    expect(largestDistance(await answersInNode(trained), scores)).toBeLessThan(1e-4);
  });

  test("what it has learnt is trained further in Node.js", async () => {
    const options = {
      data: join(folder, "clips"),
      out: join(folder, "further"),
      device: "cpu",
      steps: 2,
      batch: 4,
    } as const;
    const events = [];
    for await (const event of trainInNode(join(folder, "cpu.onnx"), options)) events.push(event);
    expect(lossesOf(events)).toHaveLength(2);
    expect(Math.max(...lossesOf(events))).toBeLessThan(0.3);
  });

  test("a signal ends it after the step at hand, and what is trained so far is there", async () => {
    const { events, graph } = await onPage(trainOnPage, given("cpu", { abortAfter: 3 }));
    expect(outline(events)).toStrictEqual(["start", "step 1", "step 2", "step 3", "done"]);
    expect(events.at(-1)).toMatchObject({ epochs: 0, steps: 3, interrupted: true, best: null });
    const interrupted = join(folder, "interrupted.onnx");
    writeFileSync(interrupted, Buffer.from(graph, "base64"));
    expect(readArtifact(interrupted).metadata.decisions).toBeUndefined();
    await answersInNode(interrupted);
  });

  /** Has something done in the thread of the training at hand after its third step, the first of the second epoch. */
  const afterThirdStep =
    (begin: () => void, act: () => void) =>
    async (tab: Tab): Promise<void> => {
      let worker: Worker | undefined;
      tab.on("worker", (started) => {
        if (!started.url().endsWith("/training-worker.js")) return;
        worker = started;
        void started.evaluate(begin);
      });
      await tab.exposeFunction("told", async (_: string, step: number) => {
        if (step === 3) await worker?.evaluate(act);
      });
    };
  const options = { ...settings, epochs: 2, batch: 4 };
  /** Four of each class are trained on. */
  const few = classes.map((name) => ({ name, paths: trainingPaths(name).slice(0, 5) }));
  const expectedStart = ["start", "step 1", "step 2", "eval 2", "pace 2", "step 3"] as const;

  test("a GPU that is lost: training goes on from what was kept, on another, and then without one", async () => {
    const prepare = afterThirdStep(
      () => {
        const devices: GpuDevice[] = [];
        const { GPUAdapter } = globalThis as unknown as { GPUAdapter: { prototype: GpuAdapter } };
        const { requestDevice } = GPUAdapter.prototype;
        GPUAdapter.prototype.requestDevice = async function (options) {
          const device = await requestDevice.call(this, options);
          devices.push(device);
          return device;
        };
        Object.assign(globalThis, { devices });
      },
      () => {
        for (const device of (globalThis as unknown as { devices: GpuDevice[] }).devices) device.destroy();
      },
    );
    const { events } = await onPage(trainOnPage, given("webgpu", { options, classes: few, fresh: [] }), prepare);
    const lost = "the GPU was lost (Device was destroyed.); training goes on from step 2 on";
    expect(outline(events)).toStrictEqual([
      ...expectedStart,
      expect.stringContaining(`${lost} `),
      "step 3",
      `${lost} WebAssembly`,
      "step 3",
      "step 4",
      "eval 4",
      "done",
    ]);
    const [, , first = Number.NaN, ...others] = lossesOf(events);
    expect(Math.abs((others[0] ?? Number.NaN) - first)).toBeLessThan(1e-4);
    expect(Math.abs((others[1] ?? Number.NaN) - first)).toBeLessThan(1e-4);
  });

  test("a thread that breaks down: what was kept is given, and then the failure", async () => {
    const prepare = afterThirdStep(
      () => undefined,
      () =>
        void setTimeout(() => {
          throw new Error("it broke down");
        }),
    );
    const run = async ([hisses, whistles]: readonly (readonly string[])[]): Promise<readonly string[]> => {
      const { page, told } = globalThis as unknown as Page & {
        readonly told: (event: string, step: number) => unknown;
      };
      const classes = [
        { name: "hiss", clips: hisses ?? [] },
        { name: "whistle", clips: whistles ?? [] },
      ];
      const found: string[] = [];
      try {
        for await (const event of page.train("/graph.onnx", { classes, device: "cpu", epochs: 2, batch: 4 })) {
          found.push("step" in event ? `${event.event} ${event.step}` : event.event);
          if (event.event === "step") await told(event.event, event.step);
          if (event.event === "done") found.push(`${event.graph.name} ${event.epochs} ${event.interrupted}`);
        }
      } catch (error) {
        found.push(String(error));
      }
      return found;
    };
    expect(
      await onPage(
        run,
        few.map(({ paths }) => paths),
        prepare,
      ),
    ).toStrictEqual([
      ...expectedStart,
      "done",
      "graph.onnx 1 true",
      expect.stringMatching(/^Error: the thread of the training stopped: .*it broke down$/),
    ]);
  });

  const refusal = async (options: string, graph = "/graph.onnx"): Promise<string> =>
    onPage(
      async ([graph, options]) => {
        const { page } = globalThis as unknown as Page;
        // oxlint-disable-next-line no-eval -- what the test has written out
        const given = (globalThis as unknown as { eval: (text: string) => Web.WebTrainOptions }).eval(`(${options})`);
        try {
          for await (const { event } of page.train(graph, given)) if (event === "done") return "it trains";
          return "it has no end";
        } catch (error) {
          return error instanceof page.UserError ? `${error.code}: ${error.message}` : String(error);
        }
      },
      [graph, options] as const,
    );
  const two = (clips = '"/clips/whistle/00.wav", "/clips/whistle/01.wav"'): string =>
    `{ classes: [{ name: "a", clips: ["/clips/hiss/00.wav", "/clips/hiss/01.wav"] }, { name: "b", clips: [${clips}] }] }`;

  test.each([
    [
      "one class",
      '{ classes: [{ name: "a", clips: ["/a.wav"] }] }',
      'option-invalid: classes names "a" alone; training tells classes apart and needs two or more',
    ],
    [
      "no class",
      "{ classes: [] }",
      "option-invalid: classes names no class; training tells classes apart and needs two or more",
    ],
    [
      "a class twice",
      '{ classes: [{ name: "a", clips: ["/a"] }, { name: "a", clips: ["/a"] }] }',
      'option-invalid: classes names "a" twice',
    ],
    ["a class without clips", two(""), 'option-invalid: classes[1].clips is empty; expected clips of "b"'],
    [
      "a stream",
      two("new ReadableStream()"),
      "option-invalid: classes[1].clips[0] is a stream, which is heard once alone; expected a file or samples",
    ],
    [
      "what is no clip",
      two("7"),
      "argument-invalid: classes[1].clips[0]: is 7; expected a URL, a File or Blob, bytes, a stream, { samples, sampleRateHz }, or { stream, ... }",
    ],
    [
      "an option that is none",
      "{ classes: [], epoch: 3 }",
      "option-invalid: epoch is no option; there are classes, data, epochs, steps, batch, learningRate, seed, device, signal, onProgress",
    ],
    [
      "a signal that has ended it before",
      `{ ...${two()}, signal: AbortSignal.abort() }`,
      "aborted: the call was aborted",
    ],
  ])("it is refused before a thread starts: %s", async (_, options, message) => {
    expect(await refusal(options)).toBe(message);
  });

  test("what its thread finds", async () => {
    const clips = '"/short.wav", "/text.wav", { samples: new Float32Array(8000), sampleRateHz: 8000 }';
    const { url } = server;
    expect(await refusal(two(clips))).toBe(
      [
        "clips-unreadable: 2 of 5 clips cannot be read:",
        `  ${url}short.wav: the clip has 100 samples at 16000 Hz; the model needs 400 or more (25 ms)`,
        `  ${url}text.wav: this is not audio that can be read; expected WAV, AIFF, CAF, AU, FLAC, MP3, Ogg, WebM, or what the browser decodes`,
      ].join("\n"),
    );
    expect(await refusal(two(), "/text.wav")).toBe(`not-onnx: ${url}text.wav: not an ONNX file`);
    expect(await refusal(two(), "/untrained.onnx")).toBe(
      `no-training-program: ${url}untrained.onnx: has no training program; compile its spec again to get one`,
    );
    expect(await refusal(two(), "/features.onnx")).toBe(
      `starts-at-features: ${url}features.onnx: starts at features, and clips are waveforms`,
    );
    const many = Array.from({ length: 11 }, (_, index) => `{ name: "${index}", clips: ["/clips/hiss/00.wav"] }`);
    expect(await refusal(`{ classes: [${many.join()}] }`)).toBe(
      `classes-too-many: ${url}graph.onnx: has room for 10 classes, and 11 are named; compile its spec with 11 or more`,
    );
    expect(await refusal(`{ ...${two()}, batch: 1000000 }`)).toMatch(
      /^memory-short: \S+graph\.onnx: needs about [\d.]+ GB of memory, and a browser's tab has 4\.3 GB at most for it$/,
    );
    expect(await refusal(`{ ...${two()}, learningRate: 1e30, batch: 1 }`)).toContain("loss-not-finite: ");
  });
});
