import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Decisions } from "../../compiler/artifact/decisions.ts";
import { metadataKey } from "../../compiler/artifact/metadata.ts";
import { version } from "../../compiler/artifact/version.ts";
import { temporaryFolder } from "./audio/temporary-folder.ts";
import { wavBytes } from "./audio/wav-bytes.ts";
import { linearModel, metadata, writeLinearModel } from "./artifact/linear-artifact.ts";

const cli = fileURLToPath(new URL("../../dist/runtime/cli.js", import.meta.url));

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `runtime` with both streams piped; `interrupt` sends Ctrl-C once stdout tells of a step. */
const runtime = (args: readonly string[], cwd: string, { interrupt = false } = {}): Promise<Result> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd });
    let [stdout, stderr, isInterrupted] = ["", "", false];
    child.stdout.on("data", (text) => {
      stdout += String(text);
      if (interrupt && !isInterrupted && stdout.includes('"step"')) isInterrupted = child.kill("SIGINT");
    });
    child.stderr.on("data", (text) => {
      stderr += String(text);
    });
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });

const lines = (text: string): unknown[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);

/** Four samples, the class's own the loudest. */
const clip = (isHigh: boolean, level: number): Buffer => wavBytes(isHigh ? [0, 0, 0, level] : [level, 0, 0, 0]);

/** The same on every machine. */
const onCpu = ["--device", "cpu"] as const;

/** A compiled graph, and clips in a folder per class. */
const workspace = (): string => {
  const clips = Array.from({ length: 5 }, (_, index) => [
    [`clips/low/${index}.wav`, clip(false, 30_000 - index)] as const,
    [`clips/high/${index}.wav`, clip(true, 30_000 - index)] as const,
  ]);
  const folder = temporaryFolder(Object.fromEntries(clips.flat()));
  writeLinearModel(folder);
  return folder;
};

describe("train, eval and infer", () => {
  test("from clips to labels", async () => {
    const folder = workspace();
    const train = ["train", "graph.onnx", "--data", "clips", "--epochs", "10", "--out", "run", ...onCpu, "--json"];
    const trained = await runtime(train, folder);
    expect(trained).toMatchObject({ code: 0, stderr: "" });
    const events = lines(trained.stdout);
    expect(events[0]).toStrictEqual({
      event: "start",
      folder: "run",
      name: "linear",
      data: "clips",
      clips: { train: 8, evaluation: 2, test: 0 },
      epochs: 10,
      steps: 40,
      stepsDone: 0,
      batch: 2,
      clipsAtOnce: 2,
      ranks: 1,
      learningRate: 0.5,
      seed: 0,
      device: { kind: "cpu", name: "CPU" },
      memoryBytes: expect.any(Number),
      availableBytes: expect.any(Number),
    });
    expect(events[1]).toStrictEqual({ event: "step", epoch: 1, step: 1, loss: expect.any(Number), lr: 0.5 });
    expect(events[4]).toStrictEqual({
      event: "pace",
      step: 3,
      secondsPerStep: expect.any(Number),
      secondsWaiting: expect.any(Number),
      secondsLeft: expect.any(Number),
    });
    expect(events[6]).toMatchObject({ event: "eval", epoch: 1, step: 4, clips: 2 });
    expect(events.at(-1)).toStrictEqual({
      event: "done",
      folder: "run",
      figures: {
        last: events.at(-2),
        best: events.slice(0, -1).findLast((event) => (event as { readonly best?: boolean }).best),
        averaged: null,
        tests: [],
      },
      graph: join("run", "graph.onnx"),
      best: join("run", "best.onnx"),
      averaged: null,
      metrics: join("run", "metrics.jsonl"),
      usage: join("run", "usage.json"),
      report: join("run", "report.html"),
      epochs: 10,
      steps: 40,
      interrupted: false,
      seconds: expect.any(Number),
      ranks: null,
      peakMemoryBytes: expect.any(Number),
    });
    expect(lines(readFileSync(join(folder, "run", "metrics.jsonl"), "utf8"))).toStrictEqual(
      events.slice(1, -1).filter((event) => (event as { readonly event?: string }).event !== "pace"),
    );

    const measured = await runtime(["eval", join("run", "graph.onnx"), "--data", "clips", ...onCpu], folder);
    expect(measured).toMatchObject({
      code: 0,
      stderr: "clips: 2 clips; 8 others were trained on and are left out (--all measures on all)\n",
    });
    expect(measured.stdout).toMatch(
      /^loss 0\.\d{4} {2}accuracy 1\.0000 {2}mAP 1\.0000 {2}AUC 1\.0000 {2}d' -\n\nclass {2}clips {6}AP {5}AUC {2}d'\nlow {8}1 {2}1\.0000 {2}1\.0000 {3}-\nhigh {7}1 {2}1\.0000 {2}1\.0000 {3}-\n$/,
    );

    const heard = await runtime(["infer", join("run", "graph.onnx"), "clips/high/0.wav", ...onCpu, "--json"], folder);
    expect(lines(heard.stdout)).toMatchObject([
      {
        clip: "clips/high/0.wav",
        seconds: 4 / 16_000,
        scores: [
          { label: "high", index: 1 },
          { label: "low", index: 0 },
        ],
      },
    ]);
  });

  test("an interruption saves and exits with 130", async () => {
    const folder = workspace();
    const train = ["train", "graph.onnx", "--data", "clips", "--epochs", "100000", "--out", "run", ...onCpu, "--json"];
    const { code, stdout, stderr } = await runtime(train, folder, { interrupt: true });
    expect({ code, stderr }).toStrictEqual({ code: 130, stderr: "" });
    expect(lines(stdout).at(-1)).toMatchObject({ event: "done", interrupted: true, report: null });
    expect(existsSync(join(folder, "run", "graph.onnx"))).toBe(true);
  });

  test("a reader that has seen enough ends a training, which saves", async () => {
    const folder = workspace();
    const train = ["train", "graph.onnx", "--data", "clips", "--epochs", "100000", "--out", "run", ...onCpu, "--json"];
    const child = spawn(process.execPath, [cli, ...train], { cwd: folder });
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise((resolve) => void child.on("exit", resolve));
    expect(code).toBe(2);
    expect(existsSync(join(folder, "run", "checkpoint.safetensors"))).toBe(true);
  });

  test("one clip that cannot be read does not hide the others", async () => {
    const folder = workspace();
    const clips = ["clips/low/0.wav", "none.wav", "clips/high/0.wav"];
    const text = await runtime(["infer", "graph.onnx", ...clips, "--top", "1", ...onCpu], folder);
    const told = "none.wav: there is no such file\n3 recordings, of which 1 could not be heard to the end\n";
    expect(text).toStrictEqual({
      code: 2,
      stdout: `clips/low/0.wav (0.0 s)
  low  0.5456
clips/high/0.wav (0.0 s)
  low  0.6753
`,
      stderr: told,
    });
    const json = await runtime(["infer", "graph.onnx", ...clips, ...onCpu, "--json"], folder);
    expect(json).toMatchObject({ code: 2, stderr: told });
    expect(lines(json.stdout)[1]).toStrictEqual({ clip: "none.wav", error: "none.wav: there is no such file" });
    expect(lines(json.stdout)).toHaveLength(3);
  });
});

describe("inspect", () => {
  test("for people", async () => {
    const { code, stdout } = await runtime(["inspect", "graph.onnx"], workspace());
    expect(code).toBe(0);
    expect(stdout.replace(/graph\.onnx [\d.]+ kB/, "graph.onnx SIZE"))
      .toBe(`spec        linear (0123456789ab, compiler test)
input       waveform [batch, samples] at 16,000 Hz, 4 samples or more; 1 frames x 4 bins
classes     2, single-label: low, high
parameters  8 (8)
costs       of 1 clip of 0.00 s
inference   16 operations, 16 bytes of activations, 16 bytes of them at once, the largest 8 bytes; the process takes about 120.0 MB
training    72 operations, 112 bytes of activations, 72 bytes of them at once, the largest 32 bytes; the process takes about 230.0 MB
step        of the recipe's 2 clips: 120 operations, 160 bytes of activations
recipe      learning rate 0.5, 2 clips a step, 2 epochs, seed 0
files       graph.onnx SIZE

parameter   shape    dtype  count   mean     std
weight     [4, 2]  float32      8  0.000  0.2739
`);
  });

  test("what is known of its answers", async () => {
    const measuredOn = { data: "clips", clips: 40, background: 12 };
    const decisions: Decisions = {
      thresholds: {
        perClass: [
          { score: 0.25, f1: 0.75 },
          { score: 0.5, f1: null },
        ],
        measuredOn,
      },
      calibration: {
        kind: "temperature",
        scales: [0.5, 0.5],
        offsets: [0, 0],
        before: { nll: 0.5, ece: 0.125 },
        after: { nll: 0.25, ece: 0.0625 },
        measuredOn,
      },
      rejection: {
        score: "energy",
        rateOf: "background",
        points: [
          { rate: 0.01, threshold: 2.5, falseAlarms: 0, misses: 0.25 },
          { rate: 0.05, threshold: -0.25, falseAlarms: 0.0625, misses: 0.125 },
        ],
        measuredOn: { ...measuredOn, background: 1 },
      },
    };
    const folder = temporaryFolder();
    const value = JSON.stringify(decisions);
    const { metadataProps = [], ...model } = linearModel();
    writeLinearModel(folder, {
      ...model,
      metadataProps: [...(metadataProps ?? []), { key: metadataKey("decisions"), value }],
    });
    const { stdout } = await runtime(["inspect", "graph.onnx"], folder);
    expect(stdout.split("\n").slice(3, 6)).toStrictEqual([
      'thresholds   "low" 0.250, "high" 0.500; of the best F1 on 40 held-out clips of clips, and 12 background clips; too few clips for 1 of the classes',
      "calibration  temperature 2.000; ECE 0.1250 -> 0.0625, NLL 0.5000 -> 0.2500, on 40 held-out clips of clips, and 12 background clips",
      "rejection    by energy, 1 % below 2.500, 5 % below -0.250 of background taken for a class; on 40 held-out clips of clips, and 1 background clip",
    ]);
    const json = await runtime(["inspect", "graph.onnx", "--json"], folder);
    expect(lines(json.stdout)[0]).toMatchObject({ decisions });
  });

  test("for programs", async () => {
    const folder = temporaryFolder();
    writeLinearModel(folder, { ...linearModel(), trainingInfo: [] });
    const { stdout } = await runtime(["inspect", "graph.onnx", "--json"], folder);
    const { huggingFace: _, cost: _cost, ...described } = metadata;
    expect(lines(stdout)).toStrictEqual([
      {
        graph: "graph.onnx",
        ...described,
        costs: {
          batch: 1,
          samples: 4,
          inference: {
            flops: 16,
            activationBytes: 16,
            largestTensorBytes: 8,
            peakBytes: 16,
            processBytes: expect.any(Number),
          },
          training: {
            flops: 72,
            activationBytes: 112,
            largestTensorBytes: 32,
            peakBytes: 72,
            processBytes: expect.any(Number),
          },
          step: null,
        },
        tiledAttention: 0,
        canTrain: false,
        bytes: { graph: expect.any(Number), data: 0 },
        tensors: [],
      },
    ]);
  });
});

test("a spec's name is printed on one line", async () => {
  const folder = temporaryFolder();
  const model = linearModel();
  for (const property of model.metadataProps ?? [])
    if (property.key === "specgraph.specName") property.value = JSON.stringify("linear\nclasses     \u001b[31m9");
  writeLinearModel(folder, model);
  const { stdout } = await runtime(["inspect", "graph.onnx"], folder);
  expect(stdout.split("\n")[0]).toBe(
    String.raw`spec        linear\u{a}classes     \u{1b}[31m9 (0123456789ab, compiler test)`,
  );
});

test("inspect tells costs of other clips", async () => {
  const { stdout } = await runtime(["inspect", "graph.onnx", "--batch", "3", "--seconds", "2"], workspace());
  expect(stdout).toContain("\ncosts       of 3 clips of 2.00 s at once\ninference   48 operations, ");
  const { code, stderr } = await runtime(["inspect", "graph.onnx", "--seconds", "0.0001"], workspace());
  expect({ code, stderr }).toStrictEqual({
    code: 2,
    stderr: "graph.onnx: takes 4 samples or more, and --seconds 0.0001 gives 2\n",
  });
});

describe("wrong input: one message and exit code 2", () => {
  test.each([
    ["train", "runtime train takes one graph, and none is given; see runtime train --help"],
    ["train graph.onnx --epoch 3", "unknown option --epoch; did you mean --epochs?"],
    ["train graph.onnx --data clips --device gpu", "--device is auto, cpu, webgpu or cuda, not gpu"],
    ["train none.onnx", "none.onnx: cannot be read: there is no such file; compiling a spec writes one"],
    ["train graph.onnx --data none", "none: there is no such file"],
    [
      "train graph.onnx --data clips --out graph.onnx --device cpu",
      `cannot write ${join("graph.onnx", "metrics.jsonl")}: its folder is a file`,
    ],
    ["infer graph.onnx", "runtime infer takes a graph and one clip or more; see runtime infer --help"],
    ["inspect clips/low/0.wav", "clips/low/0.wav: not an ONNX file"],
  ])("runtime %s", async (line, message) => {
    expect(await runtime(line.split(" "), workspace())).toStrictEqual({ code: 2, stdout: "", stderr: `${message}\n` });
  });
});

test("an unknown command lists those there are", async () => {
  const { code, stderr } = await runtime(["traim", "graph.onnx"], ".");
  expect(code).toBe(2);
  expect(stderr).toMatch(/^unknown command traim; the commands are compile, init, train, eval, infer(, [a-z]+)+\n$/);
});

test("help is on stdout", async () => {
  const [all, train] = await Promise.all([runtime(["--help"], "."), runtime(["train", "--help"], ".")]);
  expect(all).toMatchObject({ code: 0, stderr: "" });
  expect(all.stdout).toContain("specgraph COMMAND --help says more.");
  expect(train.stdout).toMatch(/^Usage: runtime train GRAPH \[options\], or --resume --out DIR\n/);
  expect(await runtime(["-h"], ".")).toStrictEqual(all);
  expect(await runtime(["train", "-h"], ".")).toStrictEqual(train);
});

test("cross-validation has no sounds of its own, and its help names none", async () => {
  const { stdout } = await runtime(["cv", "--help"], ".");
  expect(stdout).toContain("  --data PATH             a folder per class, a known data set's, a CSV or AST's JSON\n");
});

test("--version", async () => {
  expect(await runtime(["--version"], ".")).toStrictEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("a defect of ours: one line, how to report it, and exit code 1", () => {
  const folder = workspace();
  const broken = 'data:text/javascript,Number.prototype.toFixed = () => { throw new Error("toFixed is broken") }';
  const args = ["--import", broken, cli, "inspect", "graph.onnx"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  expect({ status, stdout, stderr }).toStrictEqual({
    status: 1,
    stdout: "",
    stderr: `runtime has a defect: toFixed is broken
Please report it with this line and the command; SPECGRAPH_DEBUG=1 adds where it happened.
`,
  });
});
