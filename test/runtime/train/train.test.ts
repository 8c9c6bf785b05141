import { classThresholds } from "../../../runtime/metrics/class-thresholds.ts";
import { readPredictions } from "../../../runtime/runs/run-predictions.ts";
import { readdirSync, readFileSync } from "node:fs";
import { hostTensor } from "../engine/host-tensor.ts";
import { nodeEngine } from "../../../runtime/engine/node.ts";
import { join } from "node:path";
import type { onnx } from "../../../compiler/artifact/onnx.ts";
import { describe, expect, test } from "vitest";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { UnreadableClip } from "../../../runtime/data/unreadable-clips.ts";
import { readSafetensors } from "../../../runtime/safetensors/read-safetensors.ts";
import { openClassifier } from "../../../runtime/engine/classifier.ts";
import { cpuDevice } from "../../../runtime/engine/device.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { readTensor } from "../../../runtime/artifact/stored-tensor.ts";
import { countSteps } from "../../../runtime/train/run-epoch.ts";
import { train, type TrainOptions } from "../../../runtime/train/train.ts";
import type { TrainEvent } from "../../../runtime/runs/training-events.ts";
import { saying } from "../saying.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { accumulatingModel } from "../artifact/accumulating-artifact.ts";
import { linearModel, metadata } from "../artifact/linear-artifact.ts";
import { type Changes, clips, collect, load, optionsIn, outline, resumed } from "./linear-training.ts";

test("epochs of steps, each evaluated and saved", async () => {
  const options = optionsIn(temporaryFolder(), { recipe: { epochs: 20 } });
  const events = await collect(options);
  expect(outline(events.slice(0, 5))).toStrictEqual(["step 1.1", "step 1.2", "eval 1.2", "step 2.3", "step 2.4"]);
  expect(events.at(-2)).toMatchObject({ event: "eval", epoch: 20, step: 40, clips: 4, accuracy: 1, mAP: 1, AUC: 1 });
  expect(events.at(-1)).toStrictEqual({
    event: "done",
    graph: options.folder.last.graph,
    best: options.folder.best.graph,
    averaged: null,
    epochs: 20,
    steps: 40,
    interrupted: false,
  });
  const [first, last] = [events[0], events.at(-3)];
  expect(last?.event === "step" && first?.event === "step" && last.loss < first.loss / 10).toBe(true);
});

test("the same options give the same losses and the same file; another seed does not", async () => {
  const [first, second, other] = [1, 1, 2].map((seed) => optionsIn(temporaryFolder(), { recipe: { seed } }));
  if (!first || !second || !other) throw new Error("unreachable");
  const losses = (events: readonly TrainEvent[]) => events.flatMap((event) => ("loss" in event ? [event.loss] : []));
  const wanted = losses(await collect(first));
  expect(losses(await collect(second))).toStrictEqual(wanted);
  expect(readFileSync(second.folder.last.graph).equals(readFileSync(first.folder.last.graph))).toBe(true);
  expect(losses(await collect(other))).not.toStrictEqual(wanted);
});

test("a number of steps ends training within an epoch, evaluated and saved", async () => {
  const options = optionsIn(temporaryFolder(), { recipe: { epochs: Infinity }, steps: 3 });
  expect(countSteps(options)).toBe(3);
  expect(outline(await collect(options))).toStrictEqual([
    "step 1.1",
    "step 1.2",
    "eval 1.2",
    "step 2.3",
    "eval 2.3",
    "done 3",
  ]);
});

test("an interruption ends training after the step at hand and saves", async () => {
  const interruption = new AbortController();
  const options = optionsIn(temporaryFolder(), { signal: interruption.signal });
  const events: TrainEvent[] = [];
  for await (const event of train(options)) {
    events.push(event);
    interruption.abort();
  }
  expect(outline(events)).toStrictEqual(["step 1.1", "done 1"]);
  expect(events.at(-1)).toMatchObject({ interrupted: true });
  const before = await Promise.all(options.artifact.parameters.map(readTensor));
  const after = await Promise.all(readArtifact(options.folder.last.graph).parameters.map(readTensor));
  expect(after).not.toStrictEqual(before);
});

test("an interruption before the first step names no graph", async () => {
  const events = await collect(optionsIn(temporaryFolder(), { signal: AbortSignal.abort() }));
  expect(events).toStrictEqual([
    { event: "done", graph: null, best: null, averaged: null, epochs: 0, steps: 0, interrupted: true },
  ]);
});

test("a loss that is not finite ends training and names the step and the learning rate", async () => {
  const options = optionsIn(temporaryFolder(), { recipe: { learningRate: 3e38, batch: 2 } });
  await expect(collect(options)).rejects.toThrow(
    saying(
      "the loss is not a number at step 2 of epoch 1, with a learning rate of 3e+38; try a lower rate, such as --lr 3e+37",
    ),
  );
});

test("in mixed precision an overflow is the loss scale's business, unless it never ends", async () => {
  const recipe = { learningRate: 3e38, batch: 1, precision: "mixed-float16" } as const;
  const many = Array.from({ length: 10 }, () => clips).flat();
  const events: TrainEvent[] = [];
  const overflow = async (): Promise<void> => {
    for await (const event of train(optionsIn(temporaryFolder(), { recipe, clips: many }))) events.push(event);
  };
  await expect(overflow()).rejects.toThrow(
    saying(
      "the loss is not a number at step 43 of epoch 1, with a learning rate of 3e+38; try a lower rate, such as --lr 3e+37",
    ),
  );
  expect(events.filter(({ event }) => event === "step")).toHaveLength(42);
});

test("a model that diverges in an epoch's last step is not saved", async () => {
  const folder = temporaryFolder();
  await expect(collect(optionsIn(folder, { recipe: { learningRate: 3e38, batch: 6 } }))).rejects.toThrow(
    saying(
      "the model's answers are not finite numbers: its parameters diverged in training; train again with a lower --lr",
    ),
  );
  expect(readdirSync(join(folder, "run"))).toStrictEqual(["metrics.jsonl", "run.lock", "usage.json"]);
});

test("a clip that cannot be read ends training with its message", async () => {
  const options = optionsIn(temporaryFolder(), {
    load: async (clip) => {
      if (clip.name === "clip 3") throw new UserError("audio-malformed", { path: "clip 3" }, "this is not audio");
      return load(clip);
    },
  });
  await expect(collect(options)).rejects.toThrow(saying("clip 3: this is not audio"));
});

const eventsOf = <Name extends TrainEvent["event"]>(events: readonly TrainEvent[], name: Name) =>
  events.filter((event): event is TrainEvent & { readonly event: Name } => event.event === name);

const weightIn = async (path: string): Promise<Float32Array> => {
  const [weight] = readArtifact(path).parameters;
  return (weight ? await readTensor(weight) : new Float32Array()) as Float32Array;
};

test("the log holds every event but the last", async () => {
  const options = optionsIn(temporaryFolder());
  const events = await collect(options);
  const lines = readFileSync(options.folder.metrics, "utf8").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toStrictEqual(events.slice(0, -1));
});

test("an epoch's training loss is the mean over its clips", async () => {
  const events = await collect(optionsIn(temporaryFolder(), { recipe: { epochs: 1 } }));
  const [first, second] = eventsOf(events, "step").map(({ loss }) => loss); // of 4 clips and of 2
  expect(eventsOf(events, "eval")[0]?.trainLoss).toBe(((first ?? 0) * 4 + (second ?? 0) * 2) / 6);
});

test("the schedule's learning rates are told and fed", async () => {
  const schedule = { kind: "multiStep", milestones: [1], factor: 0, warmup: null } as const;
  const options = optionsIn(temporaryFolder(), { recipe: { schedule } });
  const events = await collect(options);
  expect(eventsOf(events, "step").map(({ lr }) => lr)).toStrictEqual([0.5, 0.5, 0, 0]);
  const oneEpoch = optionsIn(temporaryFolder(), { recipe: { epochs: 1 } });
  await collect(oneEpoch);
  expect(await weightIn(options.folder.last.graph)).toStrictEqual(await weightIn(oneEpoch.folder.last.graph));
});

describe("which graph is which", () => {
  test("the best is that of the best evaluation, with its predictions beside it", async () => {
    const options = optionsIn(temporaryFolder(), { recipe: { epochs: 4 } });
    const events = await collect(options);
    const evaluations = eventsOf(events, "eval");
    // The accuracy is the same from the first epoch on, and the loss falls.
    const [first] = evaluations.toSorted((a, b) => b.accuracy - a.accuracy || a.loss - b.loss);
    const best = first?.epoch ?? 0;
    expect(evaluations.findLast((event) => event.best)?.epoch).toBe(best);

    const shorter = optionsIn(temporaryFolder(), { recipe: { epochs: best } });
    await collect(shorter);
    expect(await weightIn(options.folder.best.graph)).toStrictEqual(await weightIn(shorter.folder.last.graph));

    const { metadata, tensors } = readSafetensors(options.folder.best.predictions);
    expect(JSON.parse(metadata.get("clips") ?? "")).toStrictEqual(["clip 0", "clip 1", "clip 2", "clip 3"]);
    expect(tensors.map(({ name, dims }) => [name, ...dims])).toStrictEqual([
      ["logits", 4, 2],
      ["scores", 4, 2],
      ["targets", 4, 2],
    ]);
    const classifier = await openClassifier(nodeEngine, readArtifact(options.folder.best.graph), cpuDevice);
    const waveforms = await Promise.all(clips.slice(0, 4).map(load));
    const waveform = Float32Array.from(waveforms.flatMap((samples) => [...samples]));
    const answers = await classifier.classify(hostTensor("float32", waveform, [4, 4]));
    await classifier.close();
    const [logits, scores, targets] = await Promise.all(tensors.map(readTensor));
    expect([logits, scores]).toStrictEqual([answers.logits, answers.scores]);
    expect(targets).toStrictEqual(Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1));
  });

  test("the averaged graph is the mean of its epochs' parameters", async () => {
    const options = optionsIn(temporaryFolder(), { recipe: { epochs: 4, averaging: { from: 2, to: 3 } } });
    const events = await collect(options);
    expect(outline(events).slice(-3)).toStrictEqual(["eval 4.8", "averaged 2.8", "done 8"]);
    expect(events.at(-1)).toMatchObject({ averaged: options.folder.averaged.graph });
    const ends = [2, 3].map((epochs) => optionsIn(temporaryFolder(), { recipe: { epochs } }));
    for (const end of ends) await collect(end);
    const [second, third] = await Promise.all(ends.map(({ folder }) => weightIn(folder.last.graph)));
    expect(await weightIn(options.folder.averaged.graph)).toStrictEqual(
      second?.map((value, index) => Math.fround(value + (third?.[index] ?? 0)) / 2),
    );
    expect(readSafetensors(options.folder.averaged.predictions).tensors).toHaveLength(3);
  });

  test("each tells the best thresholds on the clips that it was evaluated on", async () => {
    const many = Array.from({ length: 5 }, () => clips.slice(0, 4)).flat();
    const recipe = { epochs: 2, averaging: { from: 1, to: 2 } };
    const options = optionsIn(temporaryFolder(), { recipe, evaluationClips: many, data: "some/clips" });
    await collect(options);
    for (const { graph, predictions } of [options.folder.last, options.folder.best, options.folder.averaged]) {
      const { predictions: answers } = await readPredictions(predictions, 2);
      expect(readArtifact(graph).metadata.decisions).toStrictEqual({
        thresholds: {
          perClass: classThresholds(answers, 2),
          measuredOn: { data: "clips", clips: 20, background: 0 },
        },
        calibration: null,
        rejection: null,
      });
    }
    expect(readArtifact(options.folder.last.graph).metadata.decisions?.thresholds?.perClass[0]?.f1).toBe(1);
  });

  test("clips for the test are scored once, at the end, by the graphs that are chosen", async () => {
    const recipe = { epochs: 3, averaging: { from: 2, to: 3 } };
    const options = optionsIn(temporaryFolder(), { recipe, testClips: clips.slice(4) });
    const events = await collect(options);
    expect(outline(events).slice(-4)).toStrictEqual(["averaged 2.6", "test best.onnx", "test averaged.onnx", "done 6"]);
    expect(events.at(-3)).toMatchObject({ graph: options.folder.best.graph, step: 6, clips: 2 });
    expect(readFileSync(options.folder.metrics, "utf8").match(/"event":"test"/g)).toHaveLength(2);
  });

  test("no averaged graph where training ends before its first epoch", async () => {
    const options = optionsIn(temporaryFolder(), { recipe: { averaging: { from: 3, to: 5 } } });
    expect((await collect(options)).at(-1)).toMatchObject({ event: "done", averaged: null });
    expect(readdirSync(options.folder.path)).not.toContain("averaged.onnx");
  });
});

test("training stops when the watched figure has not become better for so many epochs", async () => {
  const earlyStopping = { figure: "accuracy", patience: 3 } as const;
  const events = await collect(optionsIn(temporaryFolder(), { recipe: { epochs: 100, earlyStopping } }));
  const evaluations = eventsOf(events, "eval");
  const best = evaluations.findIndex(({ accuracy }) => accuracy === 1) + 1;
  expect(best).toBeGreaterThan(0);
  expect(events.at(-1)).toMatchObject({ event: "done", epochs: best + 3, interrupted: false });
});

describe("a clip that cannot be read", () => {
  const options = (bad: () => readonly string[], changes: Changes = {}, model: onnx.IModelProto = linearModel()) =>
    optionsIn(temporaryFolder(), {
      model,
      recipe: { epochs: 3, batch: 2 },
      load: async (clip) => {
        if (bad().includes(clip.name))
          throw new UnreadableClip("audio-malformed", { path: clip.name }, "the file is damaged");
        return load(clip);
      },
      ...changes,
    });
  const files = ({ folder }: TrainOptions) =>
    [folder.metrics, folder.checkpoint, folder.last.graph].map((path) => readFileSync(path, "latin1"));

  /** Trains until a clip turns bad after so many steps. @returns the options of the same run with the clip restored */
  const fail = async (clip: string, steps: number, changes: Changes, model: onnx.IModelProto) => {
    let bad: readonly string[] = [];
    const failing = options(() => bad, changes, model);
    const training = async (): Promise<void> => {
      for await (const event of train(failing)) if (event.event === "step" && event.step === steps) bad = [clip];
    };
    const goOn = `runtime train --resume --out ${failing.folder.path}`;
    await expect(training()).rejects.toThrow(
      saying(
        `${clip}: the file is damaged\nwhat is trained so far is saved; restore the clip and go on with ${goOn}, or without it: ${goOn} --skip-bad`,
      ),
    );
    bad = [];
    return failing;
  };

  test.each([
    ["in one part", linearModel(), 1],
    ["in two parts", accumulatingModel(2), 2],
  ])(
    "what is trained so far is saved, and comes to the same when it is restored: steps %s",
    async (_, model, accumulate) => {
      const recipe = { ...metadata.recipe, learningRate: 0.5, epochs: 3, batch: 2, seed: 1, accumulate };
      const changes = { recipe };
      const whole = options(() => [], changes, model);
      await collect(whole);
      for (const [clip, steps] of [
        ["clip 5", 1],
        ["clip 4", 3],
        ["clip 0", 3],
      ] as const) {
        const failing = await fail(clip, steps, changes, model);
        const goingOn = await resumed(failing);
        expect(goingOn.checkpoint?.progress.steps).toBeGreaterThanOrEqual(steps);
        await collect(goingOn);
        expect(files(failing)).toStrictEqual(files(whole));
      }
    },
  );

  test("is left out where that is asked for: the run goes on, without it, in the same steps", async () => {
    const left: string[] = [];
    const leaveOut = async (_: Clip, reason: string): Promise<void> => void left.push(reason);
    const leaving = options(() => ["clip 0", "clip 5"], { leaveOut });
    const events = await collect(leaving);
    expect(outline(events).at(-1)).toBe("done 9");
    expect(left.sort()).toStrictEqual(["clip 0: the file is damaged", "clip 5: the file is damaged"]);
    const saved = readSafetensors(leaving.folder.last.predictions);
    expect(JSON.parse(saved.metadata.get("clips") ?? "")).toStrictEqual(["clip 1", "clip 2", "clip 3"]);
    expect(eventsOf(events, "eval").map((event) => event.clips)).toStrictEqual([3, 3, 3]);

    // As if the next of their classes had been there from the start.
    const replaced = options(() => [], {
      clips: [2, 1, 2, 3, 4, 1].flatMap((index) => clips[index] ?? []),
      evaluationClips: clips.slice(1, 4),
    });
    await collect(replaced);
    expect(files(leaving)).toStrictEqual(files(replaced));
  });

  test("ends the run where none of its classes is left, or none to evaluate on", async () => {
    const leaveOut = async (): Promise<void> => undefined;
    await expect(collect(options(() => ["clip 0", "clip 2", "clip 4"], { leaveOut }))).rejects.toThrow(
      /^clip \d: the file is damaged\nwhat is trained/,
    );
    const evaluationClips = clips.slice(0, 1);
    await expect(collect(options(() => ["clip 0"], { leaveOut, evaluationClips }))).rejects.toThrow(
      saying("none of the 1 clips can be read"),
    );
  });
});
