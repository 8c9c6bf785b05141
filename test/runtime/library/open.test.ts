import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { inferCommand } from "../../../runtime/commands/infer-command.ts";
import type { Clip, ClassifyOptions, Graph, OpenOptions } from "../../../runtime/library/model.ts";
import { open, UserError } from "../../../runtime/index.ts";
import { linearModel, startWeight, writeExternalModel, writeLinearModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { compileTiny } from "../engine/compile-tiny.ts";
import { recordOutput } from "../record-output.ts";
import { failure, failureOf, hear, openLinear, samples, workspace } from "./open-linear.ts";

/** By hand: the softmax of waveform * weight. */
const expectedScores = (waveform: Float32Array): readonly number[] => {
  const logits = [0, 1].map((index) =>
    waveform.reduce((sum, sample, row) => sum + sample * (startWeight[2 * row + index] ?? 0), 0),
  );
  const [low = 0, high = 0] = logits.map(Math.exp);
  return [low / (low + high), high / (low + high)];
};

describe("a clip is classified", () => {
  test("from its file, its bytes or its samples, to the same scores, which are the command line's", async () => {
    const { model, graph, at } = await openLinear();
    const path = at("a.wav");
    const file = readFileSync(path);
    const clips: readonly Clip[] = [
      path,
      pathToFileURL(path),
      file,
      new Uint8Array(file).buffer,
      { samples, sampleRateHz: 16_000 },
      { samples: [samples, samples], sampleRateHz: 16_000 },
    ];
    const answers = await model.classify(clips);
    const [first] = answers;
    expect([...(first?.scores ?? [])]).toEqual(expectedScores(samples).map((score) => expect.closeTo(score, 6)));
    const ranked = first?.top.map(({ label, score }) => ({ label, score })) ?? [];
    expect(ranked).toEqual(ranked.toSorted((a, b) => b.score - a.score));
    expect(ranked).toHaveLength(2);
    for (const answer of answers) expect(answer).toEqual(first);
    expect(await model.classify(path)).toEqual(first);

    const { events, output } = recordOutput();
    await inferCommand.run([graph, path, "--device", "cpu", "--json"], output, new AbortController().signal);
    expect(events).toEqual([{ clip: path, seconds: 0.000_25, heardSeconds: 0.000_25, scores: first?.top }]);
  });

  test("at any rate and length, as its file would be", async () => {
    const graph = compileTiny("optimizer: adam({ learningRate: 1e-3 })");
    const model = await open(readFileSync(graph), { device: "cpu" });
    onTestFinished(() => model.close());
    const rows = Array.from({ length: 60_000 }, (_, index) => Math.round(12_000 * Math.sin(index / 7) ** 3));
    const folder = temporaryFolder({ "long.wav": wavBytes(rows, { sampleRateHz: 44_100 }) });
    const sound = { samples: Float32Array.from(rows, (value) => value / 32_768), sampleRateHz: 44_100 };
    const [byFile, bySound] = await model.classify([join(folder, "long.wav"), sound]);
    expect(bySound).toEqual(byFile);
    expect(byFile).toMatchObject({ secondsHeard: 0.255, secondsTotal: expect.closeTo(60_000 / 44_100, 4) });
  });

  test("with others, each by itself whatever the batch", async () => {
    const clips = Array.from({ length: 37 }, (_, index) => ({
      samples: Float32Array.of(index / 40, 0, -index / 80, 0.5),
      sampleRateHz: 16_000,
    }));
    const { model } = await openLinear({ batch: 5 });
    const { model: single } = await openLinear({ batch: 1 });
    const together = await model.classify(clips);
    expect(together).toEqual(await Promise.all(clips.map((clip) => single.classify(clip))));
    expect(await model.classify([])).toEqual([]);
  });

  test("with as many classes as are asked for", async () => {
    const { model, at } = await openLinear();
    const lengths = [0, 1, 2, 9].map(async (top) => (await model.classify(at("a.wav"), { top })).top.length);
    expect(await Promise.all(lengths)).toEqual([2, 1, 2, 2]);
  });
});

test("each of many clips is answered in its place, or why it cannot be", async () => {
  const { model, at } = await openLinear({ batch: 2 });
  expect(model.batch).toBe(2);
  const clips = ["a.wav", "text.wav", "short.wav", "missing.wav", "b.wav"].map(at);
  const answers: unknown[] = [];
  for await (const heard of model.classifyEach(clips, { top: 1 })) {
    answers.push(heard instanceof UserError ? heard.code : heard.top[0]?.score);
  }
  const alone = async (name: string) => (await model.classify(at(name), { top: 1 })).top[0]?.score;
  expect(answers).toEqual([
    await alone("a.wav"),
    "audio-malformed",
    "clip-too-short",
    "file-unreadable",
    await alone("b.wav"),
  ]);
  expect(await hear(model.classifyEach([]))).toEqual({ given: [], ending: "whole" });
  const { ending } = await hear(model.classifyEach(clips, { signal: AbortSignal.abort() }));
  expect(ending).toMatchObject({ code: "aborted" });
});

test("a model tells what its graph says, which no one changes", async () => {
  const { model } = await openLinear();
  expect(model.metadata).toStrictEqual({
    name: "linear",
    classes: ["low", "high"],
    objective: "single-label",
    sampleRateHz: 16_000,
    leastSeconds: 0.000_25,
    mostSeconds: 0.000_25,
    parameters: 8,
    compilerVersion: "test",
    isCalibrated: false,
    thresholds: undefined,
    rejection: undefined,
  });
  expect(model.device).toStrictEqual({ kind: "cpu", name: "CPU" });
  expect(() => (model.metadata.classes as string[]).push("more")).toThrow(TypeError);
});

test("a graph has its data file beside it", async () => {
  const folder = temporaryFolder();
  const graph = writeExternalModel(folder);
  const model = await open(pathToFileURL(graph), { device: "cpu" });
  const { scores } = await model.classify({ samples, sampleRateHz: 16_000 });
  expect([...scores]).toEqual(expectedScores(samples).map((score) => expect.closeTo(score, 6)));
  await model.close();
  expect(await failureOf(() => open(readFileSync(graph)))).toEqual({
    code: "data-file-missing",
    facts: { path: "the graph", dataFile: "graph.onnx.data" },
    message: "the graph: its data file graph.onnx.data is missing; keep the two files together",
  });
});

test("a data file that is not the graph's own is refused before anything is answered", async () => {
  const graph = writeExternalModel(temporaryFolder(), { checksum: "0".repeat(40) });
  expect(await failureOf(() => open(graph, { device: "cpu" }))).toEqual({
    code: "data-file-foreign",
    facts: { path: `${graph}.data`, graph },
    message: `${graph}.data: not the data that ${graph} was written with; copy the two files together, or compile again`,
  });
});

describe("what is wrong is a typed error, across threads too:", () => {
  const wrongOptions: readonly (readonly [unknown, string])[] = [
    [{ devise: "cpu" }, "devise is no option; there are device, batch, signal"],
    [{ device: "gpu" }, 'device is "gpu"; expected auto, cpu, webgpu or cuda'],
    [{ batch: 0 }, "batch is 0; expected a whole number from 1 to 1024"],
    [{ batch: 1.5 }, "batch is 1.5; expected a whole number from 1 to 1024"],
    [{ batch: "2" }, 'batch is "2"; expected a whole number from 1 to 1024'],
    [{ signal: {} }, "signal is an object; expected an AbortSignal"],
    ["cpu", 'options is "cpu"; expected an object'],
    [null, "options is null; expected an object"],
  ];
  test.each(wrongOptions)("options %j", async (options, message) => {
    const { graph } = workspace();
    const { code, facts, message: told } = await failure(() => open(graph, options as OpenOptions));
    expect({ code, told, option: facts.option }).toEqual({
      code: "option-invalid",
      told: message,
      option: message.split(" ")[0],
    });
  });

  test.each([
    [42, "argument-invalid", "the graph is 42; expected a path, a file: URL, or bytes"],
    ["none.onnx", "file-unreadable", "none.onnx: cannot be read: there is no such file; compiling a spec writes one"],
    [
      new URL("https://a.b/c"),
      "argument-invalid",
      "the graph is the URL https://a.b/c; expected a path, a file: URL, or bytes",
    ],
    [new Uint8Array(), "file-empty", "the graph: the file is empty"],
    [Buffer.from("text"), "not-onnx", "the graph: not an ONNX file"],
  ])("graph %j", async (graph, code, message) => {
    expect(await failureOf(() => open(graph as Graph, { device: "cpu" }))).toMatchObject({ code, message });
  });

  const mono = (values: readonly number[], sampleRateHz: unknown = 16_000) => ({
    samples: Float32Array.from(values),
    sampleRateHz,
  });
  test.each([
    [
      5,
      "argument-invalid",
      "clip: is 5; expected a path, a file: URL, bytes, a stream, { samples, sampleRateHz }, or { stream, ... }",
    ],
    [
      null,
      "argument-invalid",
      "clip: is null; expected a path, a file: URL, bytes, a stream, { samples, sampleRateHz }, or { stream, ... }",
    ],
    [{ samples: [1, 2] }, "argument-invalid", "clip: its samples are no Float32Array, nor an array of them"],
    [{ samples: [] }, "argument-invalid", "clip: its samples are no Float32Array, nor an array of them"],
    [
      { samples: [new Float32Array(4), new Float32Array(5)], sampleRateHz: 16_000 },
      "argument-invalid",
      "clip: its channels have 4, 5 samples; expected as many in each",
    ],
    [{ samples: new Float32Array(4) }, "argument-invalid", "clip: its sampleRateHz is undefined; expected a number"],
    [mono([0, 0, 0, 0], 10), "audio-malformed", "clip: its sample rate is 10 Hz; expected 1000 to 1000000 Hz"],
    [mono([0, 0, 0, 0], NaN), "audio-malformed", "clip: its sample rate is NaN Hz; expected 1000 to 1000000 Hz"],
    [mono([0, NaN, 0, 0]), "audio-malformed", "clip: sample 1 is NaN; expected numbers in [-1, 1]"],
    [mono([]), "audio-malformed", "clip: the clip has no samples"],
    [mono([0]), "clip-too-short", "clip: the clip has 1 samples at 16000 Hz; the model needs 4 or more (0.25 ms)"],
    [new Uint8Array(), "audio-malformed", "clip: the file is empty"],
    [
      Buffer.from("    ftypM4A "),
      "audio-malformed",
      "clip: this is MP4, which is decoded by ffmpeg, and that reads files: give the clip's path",
    ],
    [
      Buffer.from("text"),
      "audio-malformed",
      "clip: this is not audio that can be read; expected WAV, AIFF, CAF, AU, FLAC, MP3, Ogg, WebM, or what ffmpeg decodes",
    ],
  ])("clip %j", async (clip, code, message) => {
    const { model } = await openLinear();
    expect(await failureOf(() => model.classify(clip as Clip))).toMatchObject({ code, message });
  });

  test("of several clips it is named, by its path or its place; and the model goes on", async () => {
    const { model, at } = await openLinear();
    expect(await failureOf(() => model.classify([at("a.wav"), at("none.wav")]))).toEqual({
      code: "file-unreadable",
      facts: { path: at("none.wav"), system: "ENOENT" },
      message: `${at("none.wav")}: there is no such file`,
    });
    const third = await failureOf(() => model.classify([at("a.wav"), at("b.wav"), new Uint8Array(3)]));
    expect(third.facts).toEqual({ path: "clips[2]", isAudio: false });
    const wrong = { top: -1 } as ClassifyOptions;
    expect((await failureOf(() => model.classify(at("a.wav"), wrong))).message).toBe(
      "top is -1; expected a whole number from 0 to 1000000",
    );
    expect((await model.classify(at("a.wav"))).notes).toEqual([]);
  });

  test("a model that diverged names the clip", async () => {
    const graph = linearModel();
    const [weight] = graph.graph.initializer;
    if (weight) weight.rawData = new Uint8Array(new Float32Array(8).fill(NaN).buffer);
    const model = await open(writeLinearModel(temporaryFolder(), graph), { device: "cpu" });
    onTestFinished(() => model.close());
    expect(await failureOf(() => model.classify([{ samples, sampleRateHz: 16_000 }]))).toEqual({
      code: "parameters-diverged",
      facts: { path: "clips[0]" },
      message: "clips[0]: the model's scores are not finite numbers: its parameters diverged in training",
    });
  });
});

describe("calls end", () => {
  const closed = { code: "model-closed", facts: {}, message: "the model is closed" };
  const aborted = { code: "aborted", facts: {}, message: "the call was aborted" };
  const many = (count: number) => Array.from({ length: count }, () => ({ samples, sampleRateHz: 16_000 }));

  test("after close, at once; and close may be called again", async () => {
    const { model, at } = await openLinear();
    const pending = failureOf(() => model.classify(many(100)));
    await model.close();
    expect(await pending).toEqual(closed);
    expect(await failureOf(() => model.classify(at("a.wav")))).toEqual(closed);
    await model.close();
    await model[Symbol.asyncDispose]();
  });

  test("aborted before, or while they wait or are computed; others go on", async () => {
    const { model } = await openLinear({ batch: 1 });
    const reason = new Error("enough");
    const error = await failure(() => model.classify(many(1), { signal: AbortSignal.abort(reason) }));
    expect({ code: error.code, cause: error.cause }).toEqual({ code: "aborted", cause: reason });
    const controller = new AbortController();
    const ended = failureOf(() => model.classify(many(500), { signal: controller.signal }));
    const other = model.classify(many(20));
    await model.classify(many(1));
    controller.abort();
    expect(await ended).toEqual(aborted);
    expect(await other).toHaveLength(20);
  });

  test("as open does", async () => {
    const { graph } = workspace();
    expect(await failureOf(() => open(graph, { signal: AbortSignal.abort() }))).toEqual(aborted);
    const controller = new AbortController();
    const ended = failureOf(() => open(graph, { signal: controller.signal }));
    controller.abort();
    expect(await ended).toEqual(aborted);
  });

  test("in turns: a short one waits for no long one, of its model or another", async () => {
    const { model } = await openLinear({ batch: 1 });
    const { model: other } = await openLinear({ batch: 1 });
    // Its threads take their time to start.
    await other.classify(many(1));
    const order: string[] = [];
    const note = async (name: string, call: Promise<unknown>) => {
      await call;
      order.push(name);
    };
    await Promise.all([
      note("long", model.classify(many(300))),
      note("short", model.classify(many(1))),
      note("of another", other.classify(many(3))),
    ]);
    expect(order.at(-1)).toBe("long");
  });
});

test("an open model keeps no process alive, and its graph's telemetry is off", () => {
  const { folder } = workspace();
  const library = new URL("../../../dist/runtime/index.js", import.meta.url).href;
  const script = `
    import { open } from ${JSON.stringify(library)};
    const model = await open("graph.onnx", { device: "cpu" });
    console.log((await model.classify("a.wav", { top: 1 })).top.length, process.env.ORT_DISABLE_TELEMETRY);`;
  const cwd = fileURLToPath(pathToFileURL(folder));
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd,
    timeout: 60_000,
    encoding: "utf8",
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "1 1\n", stderr: "" });
});
