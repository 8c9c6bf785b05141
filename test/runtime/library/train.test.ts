import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { readFloats } from "../../../runtime/artifact/read-floats.ts";
import { trainCommand } from "../../../runtime/commands/train-command.ts";
import {
  type LabelledClip,
  type Progress,
  resume,
  type ResumeOptions,
  train,
  type TrainingEvent,
  type TrainOptions,
  UserError,
} from "../../../runtime/index.ts";
import { linearModel, metadata, writeLinearModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { recordOutput } from "../record-output.ts";

const clips = ["low", "high"].flatMap((label) =>
  [0, 1, 2, 3, 4].map((index) => ({ path: `clips/${label}/${index}.wav`, labels: label, index })),
);

/** A graph and clips in the folder that is current until the test ends. */
const enterWorkspace = (): string => {
  const samples = (label: string, index: number) =>
    label === "low" ? [30_000 - index, 0, 0, 0] : [0, 0, 0, 30_000 - index];
  const folder = temporaryFolder(
    Object.fromEntries(clips.map(({ path, labels, index }) => [path, wavBytes(samples(labels, index))])),
  );
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  writeLinearModel(".");
  return folder;
};

const settings = { data: "clips", epochs: 3, batch: 3, seed: 7, device: "cpu" } as const;
/** In the order of the folder's names. */
const listed: readonly LabelledClip[] = ["high", "low"].flatMap((label) =>
  clips.filter(({ labels }) => labels === label).map(({ path, labels }) => ({ path, labels })),
);

const collect = async (events: AsyncIterable<TrainingEvent>): Promise<readonly TrainingEvent[]> => {
  const all: TrainingEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};
/** How a training fails. */
const failure = async (events: AsyncIterable<TrainingEvent>) => {
  const error: unknown = await collect(events).catch((error: unknown) => error);
  if (!(error instanceof UserError)) throw new Error(`no UserError: ${JSON.stringify(error)}`);
  const { code, facts, message } = error;
  return { code, facts, message };
};
const outline = (events: readonly TrainingEvent[]): readonly string[] =>
  events.map((event) => ("step" in event ? `${event.event} ${event.step}` : event.event));
const graphOf = (folder: string): string =>
  createHash("sha1")
    .update(readFileSync(join(folder, "graph.onnx")))
    .digest("hex");
/** What a graph is but for what its thresholds were measured on. */
const weightsOf = async (folder: string): Promise<readonly number[]> => {
  const [weight] = readArtifact(join(folder, "graph.onnx")).parameters;
  return weight ? [...(await readFloats(weight))] : [];
};
/** That it can be gone on with, and no one is at work there. */
const isResumable = (folder: string): boolean =>
  existsSync(join(folder, "checkpoint.safetensors")) && !existsSync(join(folder, "run.lock"));

describe("train", () => {
  test("gives the events that the command line prints, and leaves the run's folder", async () => {
    enterWorkspace();
    const events = await collect(train("graph.onnx", { ...settings, out: "run" }));
    expect(outline(events)).toStrictEqual([
      "start",
      ...[1, 2, 3].flatMap((epoch) => [
        ...[1, 2, 3].map((step) => `step ${3 * (epoch - 1) + step}`),
        ...(epoch === 1 ? ["pace 3"] : []),
        `eval ${3 * epoch}`,
        ...(epoch < 3 ? [`pace ${3 * epoch}`] : []),
      ]),
      "done",
    ]);
    const { events: printed, output } = recordOutput();
    const args = [
      "--data",
      "clips",
      "--epochs",
      "3",
      "--batch",
      "3",
      "--seed",
      "7",
      "--device",
      "cpu",
      "--out",
      "other",
    ];
    await trainCommand.run(["graph.onnx", ...args], output, new AbortController().signal);
    const ofBoth = (event: unknown) => JSON.parse(JSON.stringify(event).replaceAll("other", "run")) as object;
    const number = expect.any(Number) as number;
    const measured: Readonly<Record<string, object>> = {
      start: { availableBytes: number },
      pace: { secondsPerStep: number, secondsWaiting: number, secondsLeft: number },
      done: { seconds: number, peakMemoryBytes: number },
    };
    expect(printed.map(ofBoth)).toEqual(events.map((event) => ({ ...event, ...measured[event.event] })));
    const done = events.at(-1);
    if (done?.event !== "done") throw new Error("no end");
    expect(done).toMatchObject({
      folder: "run",
      graph: join("run", "graph.onnx"),
      report: join("run", "report.html"),
      interrupted: false,
      steps: 9,
      figures: {
        last: { epoch: 3, clips: 2, accuracy: 1 },
        best: { event: "eval", best: true },
        averaged: null,
        tests: [],
      },
    });
    expect(graphOf("run")).toBe(graphOf("other"));
    const files = (folder: string) =>
      readdirSync(folder)
        .filter((name) => !name.startsWith("events."))
        .toSorted();
    expect(files("run")).toStrictEqual(files("other"));
    expect(readdirSync("run").filter((name) => name.startsWith("events."))).toHaveLength(1);
    expect(readFileSync(join("run", "report.html"), "utf8")).not.toMatch("Command");
  });

  test("by URLs, and on a list of clips", async () => {
    const folder = enterWorkspace();
    const at = (name: string): URL => pathToFileURL(join(folder, name));
    await collect(train(at("graph.onnx"), { ...settings, data: at("clips"), out: at("run") }));
    const [start] = await collect(train("graph.onnx", { ...settings, data: listed, out: "listed" }));
    expect(start).toMatchObject({ data: "the clips listed", clips: { train: 8, evaluation: 2, test: 0 } });
    expect(await weightsOf("listed")).toStrictEqual(await weightsOf("run"));
    expect(readFileSync(join("listed", "report.html"), "utf8")).toMatch("the clips listed: 8 clips to train on");
  });

  test("on a list with splits or folds, and another to evaluate on", async () => {
    enterWorkspace();
    const run = async (options: TrainOptions) => {
      const [start] = await collect(train("graph.onnx", { ...settings, epochs: 1, ...options }));
      return start?.event === "start" ? start.clips : undefined;
    };
    const inFolds = listed.map((clip, index) => ({ ...clip, fold: 1 + (index % 5) }));
    expect(await run({ data: inFolds, fold: 2 })).toStrictEqual({ train: 8, evaluation: 2, test: 0 });
    const parts = ["train", "train", "train", "validation", "test"] as const;
    const inParts = listed.map((clip, index) => ({ ...clip, split: parts[index % 5] }));
    expect(await run({ data: inParts })).toStrictEqual({ train: 6, evaluation: 2, test: 2 });
    const [data, evalData] = [listed.filter((_, index) => index % 5 < 3), listed.filter((_, index) => index % 5 >= 3)];
    expect(await run({ data, evalData })).toStrictEqual({ train: 6, evaluation: 4, test: 0 });
  });
});

describe("a training ends early, and goes on to the same result, bit for bit,", () => {
  const whole = async (): Promise<string> => {
    await collect(train("graph.onnx", { ...settings, out: "whole" }));
    return graphOf("whole");
  };

  test("where its loop is left, with what was seen", async () => {
    enterWorkspace();
    const expected = await whole();
    for await (const event of train("graph.onnx", { ...settings, out: "run" })) {
      if (event.event === "step" && event.step === 5) break;
    }
    expect(isResumable("run")).toBe(true);
    const [start, ...others] = await collect(resume("run"));
    expect(start).toMatchObject({ event: "start", steps: 9, stepsDone: 5 });
    expect(others.at(-1)).toMatchObject({ event: "done", steps: 9, figures: { last: { epoch: 3 } } });
    expect(graphOf("run")).toBe(expected);
  });

  test("where it throws, which is handed on", async () => {
    enterWorkspace();
    const expected = await whole();
    const thrown = new Error("of the caller");
    const run = async (): Promise<void> => {
      for await (const event of train("graph.onnx", { ...settings, out: "run" }))
        if (event.event === "eval") throw thrown;
    };
    await expect(run()).rejects.toBe(thrown);
    expect(isResumable("run")).toBe(true);
    await collect(resume(pathToFileURL("run")));
    expect(graphOf("run")).toBe(expected);
  });

  test("where it is aborted: then its end is told", async () => {
    enterWorkspace();
    await whole();
    const controller = new AbortController();
    const options = { ...settings, data: listed, out: "run", resume: true } as const;
    const events: TrainingEvent[] = [];
    for await (const event of train("graph.onnx", { ...options, signal: controller.signal })) {
      events.push(event);
      if (event.event === "step" && event.step === 4) controller.abort();
    }
    expect(outline(events).slice(-2)).toStrictEqual(["step 4", "done"]);
    expect(events.at(-1)).toMatchObject({
      interrupted: true,
      steps: 4,
      report: null,
      graph: join("run", "graph.onnx"),
    });
    expect(isResumable("run")).toBe(true);
    const [start] = await collect(train("graph.onnx", options));
    expect(start).toMatchObject({ stepsDone: 4, data: "the clips listed" });
    expect(await weightsOf("run")).toStrictEqual(await weightsOf("whole"));
  });

  test("where what is told of progress throws", async () => {
    enterWorkspace();
    const seen: Progress[] = [];
    const thrown = new Error("of the caller");
    const onProgress = (progress: Progress): void => {
      seen.push(progress);
      if (progress.task === "evaluating") throw thrown;
    };
    await expect(collect(train("graph.onnx", { ...settings, out: "run", onProgress }))).rejects.toBe(thrown);
    expect(seen).toContainEqual({ task: "opening", clips: 10, of: 10 });
    expect(seen.at(-1)).toStrictEqual({ task: "evaluating", clips: 2, of: 2 });
    expect(isResumable("run")).toBe(true);
  });
});

describe("two at once", () => {
  test("compute by turns, to the results of each alone", async () => {
    enterWorkspace();
    const run = (out: string) => collect(train("graph.onnx", { ...settings, out }));
    await run("alone");
    await Promise.all([run("one"), run("other")]);
    expect([graphOf("one"), graphOf("other")]).toStrictEqual([graphOf("alone"), graphOf("alone")]);
  });

  test("in one folder are refused, however it is called, and whether it was named", async () => {
    const folder = enterWorkspace();
    const refused = { code: "run-locked", facts: { pid: process.pid } };
    for await (const event of train("graph.onnx", { ...settings, out: "run" })) {
      if (event.event !== "start") continue;
      const again = train("graph.onnx", { ...settings, out: join(folder, "run"), overwrite: true });
      expect(await failure(again)).toMatchObject(refused);
      expect(await failure(resume("run"))).toMatchObject({
        ...refused,
        message: "run: this process is training there already; wait for its end or abort it",
      });
    }
    for await (const event of train("graph.onnx", settings)) {
      if (event.event !== "start") continue;
      expect(event.folder).toBe(join("runs", "linear-1"));
      expect(await failure(resume(event.folder))).toMatchObject(refused);
    }
    expect((await collect(resume("run"))).map(({ event }) => event)).toStrictEqual(["start", "done"]);
  });
});

describe("what is wrong is a typed error:", () => {
  const wrongOptions: readonly (readonly [unknown, string])[] = [
    [
      { epoch: 3 },
      "epoch is no option; there are data, labels, fold, skipBad, batch, device, signal, onProgress, evalData, epochs, steps, learningRate, seed, checkpointMinutes, distributed, out, overwrite, resume, command",
    ],
    [null, "options is null; expected an object"],
    [{ data: 3 }, "data is 3; expected a path, a file: URL, or an array of clips"],
    [{ data: "" }, 'data is ""; expected a path, a file: URL, or an array of clips'],
    [
      { data: new URL("https://a.b/c") },
      "data is the URL https://a.b/c; expected a path, a file: URL, or an array of clips",
    ],
    [{ data: [] }, "data is an empty array; expected one clip or more"],
    [{ data: ["a.wav"] }, 'data[0] is "a.wav"; expected { path, labels }'],
    [{ data: [{ path: "a.wav" }] }, "data[0].labels is undefined; expected a label, or an array of them"],
    [{ data: [{ path: 5, labels: "low" }] }, "data[0].path is 5; expected a path or a file: URL"],
    [
      { data: [...listed, { path: "a", labels: [] }] },
      "data[10].labels is an array; expected a label, or an array of them",
    ],
    [
      { evalData: [{ path: "a", labels: "low", label: "low" }] },
      "evalData[0].label is nothing that a clip has; there are path, labels, split, fold",
    ],
    [
      { data: [{ path: "a", labels: "low", split: "val" }] },
      'data[0].split is "val"; expected train, validation or test',
    ],
    [{ labels: 5 }, "labels is 5; expected a path or a file: URL"],
    [{ epochs: 0 }, "epochs is 0; expected a whole number from 1 to 1000000000"],
    [{ epochs: "3" }, 'epochs is "3"; expected a whole number from 1 to 1000000000'],
    [{ steps: 1.5 }, "steps is 1.5; expected a whole number from 1 to 1000000000"],
    [{ batch: 0 }, "batch is 0; expected a whole number from 1 to 1048576"],
    [{ learningRate: 0 }, "learningRate is 0; expected a number above 0"],
    [{ learningRate: Infinity }, "learningRate is Infinity; expected a number above 0"],
    [{ seed: -1 }, "seed is -1; expected a whole number from 0 to 9007199254740991"],
    [{ device: "gpu" }, 'device is "gpu"; expected auto, cpu, webgpu or cuda'],
    [{ skipBad: 1 }, "skipBad is 1; expected true or false"],
    [{ checkpointMinutes: NaN }, "checkpointMinutes is NaN; expected a number above 0"],
    [{ signal: {} }, "signal is an object; expected an AbortSignal"],
    [{ onProgress: true }, "onProgress is true; expected a function"],
    [{ out: 5 }, "out is 5; expected a path or a file: URL"],
    [{ command: "train" }, 'command is "train"; expected an array of texts'],
    [{ resume: true }, "resume needs out, the folder of the run"],
    [
      { resume: true, overwrite: true, out: "run" },
      "resume goes on with a run, and overwrite replaces it; expected one of them",
    ],
  ];
  test.each(wrongOptions)("options %j", async (options, message) => {
    enterWorkspace();
    const refused = await failure(train("graph.onnx", options as TrainOptions));
    const option = message.split(" ")[0];
    expect(refused).toStrictEqual({ code: "option-invalid", facts: { option }, message });
    expect(existsSync("runs")).toBe(false);
  });

  test.each([
    [42, {}, "argument-invalid", "the graph is 42; expected a path or a file: URL"],
    [new Uint8Array(3), {}, "argument-invalid", "the graph is an object; expected a path or a file: URL"],
    [
      "none.onnx",
      {},
      "file-unreadable",
      "none.onnx: cannot be read: there is no such file; compiling a spec writes one",
    ],
    ["graph.onnx", { data: "none" }, "file-unreadable", "none: there is no such file"],
    [
      "graph.onnx",
      { data: undefined },
      "embedded-class-unknown",
      'the embedded sounds have a class "tone" and the graph has not',
    ],
    [
      "graph.onnx",
      { data: [{ path: "clips/low/0.wav", labels: "loud" }] },
      "label-unknown",
      'data[0]: the label "loud" is not one of the graph\'s 2 classes: "low", "high"',
    ],
    [
      "graph.onnx",
      { data: [...listed, { path: "clips/none.wav", labels: "low" }] },
      "clips-missing",
      expect.stringMatching(/^data\[10\]: there is no file .*none\.wav; 1 of 11 clips is missing$/),
    ],
    ["graph.onnx", { data: listed, fold: 1 }, "no-folds", "fold chooses one of the folds that data has; data has none"],
    [
      "graph.onnx",
      { data: listed, labels: "a.csv" },
      "labels-not-needed",
      "labels names the labels of AST's JSON; the clips listed are something else",
    ],
    ["graph.onnx", { out: "taken" }, "folder-holds-run", "taken: holds a finished run of 1 epoch"],
    ["graph.onnx", { out: "graph.onnx" }, "file-unwritable", expect.stringMatching(/its folder is a file$/)],
    ["bare.onnx", {}, "no-training-program", "bare.onnx: has no training program; compile its spec again to get one"],
  ])("graph %j with %j", async (graph, options, code, message) => {
    enterWorkspace();
    const bare = { ...linearModel(), trainingInfo: [] };
    writeFileSync("bare.onnx", readFileSync(writeLinearModel(temporaryFolder(), bare)));
    if ("out" in options && options.out === "taken")
      await collect(train("graph.onnx", { ...settings, epochs: 1, out: "taken" }));
    expect(await failure(train(graph as string, { ...settings, ...(options as TrainOptions) }))).toMatchObject({
      code,
      message,
    });
  });

  test("aborted before, nothing is begun", async () => {
    enterWorkspace();
    const reason = new Error("enough");
    const refused = await collect(train("graph.onnx", { ...settings, signal: AbortSignal.abort(reason) })).catch(
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({ code: "aborted", message: "the call was aborted", cause: reason });
    // While the thread starts.
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 20);
    const ended = collect(train("graph.onnx", { ...settings, signal: controller.signal }));
    await expect(ended).rejects.toMatchObject({ code: "aborted", cause: reason });
    expect(existsSync("runs")).toBe(false);
  });

  test("a run that is gone on with is the same", async () => {
    enterWorkspace();
    const options: TrainOptions = { ...settings, data: listed, out: "run", steps: 4 };
    await collect(train("graph.onnx", options));
    const goOn = (given: ResumeOptions) => failure(resume("run", given));
    expect(await goOn({ batch: 2, data: "clips" })).toMatchObject({
      code: "options-changed",
      message: "run goes on as it was started: data is a list there, not clips; batch is 3 there, not 2",
    });
    expect(await goOn({ data: listed.slice(1) })).toMatchObject({
      code: "clips-changed",
      message: expect.stringMatching(
        /^the clips listed: not those that run was started with: .*high\/0\.wav is missing$/,
      ),
    });
    expect(await goOn({ data: listed.map((clip) => ({ ...clip, labels: "low" })) })).toMatchObject({
      message: expect.stringMatching(/high\/0\.wav has other labels$/),
    });
    writeFileSync("clips/new.wav", readFileSync("clips/low/0.wav"));
    expect(await goOn({ data: [...listed, { path: "clips/new.wav", labels: "low" }] })).toMatchObject({
      message: expect.stringMatching(/new\.wav is none of them$/),
    });
    expect(await goOn({ epoch: 5 } as ResumeOptions)).toMatchObject({
      code: "option-invalid",
      facts: { option: "epoch" },
    });
    renameSync("graph.onnx", "moved.onnx");
    expect(await goOn({})).toMatchObject({ code: "file-unreadable" });
    expect((await collect(resume("run", { graph: "moved.onnx", data: listed }))).at(-1)).toMatchObject({ steps: 4 });
    rmSync(join("run", "clips.jsonl"));
    expect(await goOn({ graph: "moved.onnx" })).toMatchObject({
      code: "file-missing",
      message: "the clips of this run were listed by a program, and its own list is missing",
    });
    expect(await failure(resume("clips"))).toMatchObject({ code: "not-a-run" });
  });
});

test("what is odd is told in between", async () => {
  enterWorkspace();
  writeFileSync("clips/low/5.wav", "");
  const epochs = { ...metadata.recipe, earlyStopping: { figure: "accuracy", patience: 1 } } as const;
  writeLinearModel(".", linearModel({ recipe: epochs }));
  const events = await collect(train("graph.onnx", { ...settings, epochs: 50, skipBad: true }));
  const notes = events.flatMap((event) => (event.event === "note" ? [event.text] : []));
  expect(notes).toStrictEqual([
    "1 of 11 clips cannot be read:\n  clips/low/5.wav: the file is empty\nit is left out",
    "ended early: no better accuracy in the last epoch",
  ]);
  expect(events.slice(0, 2).map(({ event }) => event)).toStrictEqual(["note", "start"]);
});
