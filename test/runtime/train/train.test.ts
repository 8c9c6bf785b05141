import { cpuDevice } from "../../../runtime/session/device.ts";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { readArtifact } from "../../../runtime/session/read-artifact.ts";
import { readTensor } from "../../../runtime/session/stored-tensor.ts";
import { countSteps, train, type TrainEvent, type TrainOptions } from "../../../runtime/train/train.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { writeLinearModel } from "../session/linear-artifact.ts";

/** Clips of class 0 begin high, those of class 1 end high. */
const clips = Array.from({ length: 6 }, (_, index): Clip => ({
  name: `clip ${index}`,
  source: { path: String(index) },
  classIndices: [index % 2],
}));
const load = async ({ name, classIndices }: Clip): Promise<Float32Array> => {
  const level = 1 + Number(name.slice(-1)) / 10;
  return classIndices[0] === 0 ? Float32Array.of(level, 0, 0, 0) : Float32Array.of(0, 0, 0, level);
};

const optionsIn = (folder: string, changes: Partial<TrainOptions> = {}): TrainOptions => ({
  artifact: readArtifact(writeLinearModel(folder)),
  device: cpuDevice,
  clips,
  evaluationClips: clips.slice(0, 4),
  load,
  epochs: 2,
  steps: Infinity,
  batch: 4,
  learningRate: 0.5,
  seed: 1,
  out: join(folder, "trained.onnx"),
  signal: new AbortController().signal,
  ...changes,
});

const collect = async (options: TrainOptions): Promise<TrainEvent[]> => {
  const events: TrainEvent[] = [];
  for await (const event of train(options)) events.push(event);
  return events;
};
const outline = (events: readonly TrainEvent[]): string[] =>
  events.map((event) =>
    event.event === "done" ? `done ${event.steps}` : `${event.event} ${event.epoch}.${event.step}`,
  );

test("epochs of steps, each evaluated and saved", async () => {
  const options = optionsIn(temporaryFolder(), { epochs: 20 });
  const events = await collect(options);
  expect(outline(events.slice(0, 5))).toStrictEqual(["step 1.1", "step 1.2", "eval 1.2", "step 2.3", "step 2.4"]);
  expect(events.at(-2)).toMatchObject({ event: "eval", epoch: 20, step: 40, clips: 4, accuracy: 1, mAP: 1, AUC: 1 });
  expect(events.at(-1)).toStrictEqual({ event: "done", graph: options.out, steps: 40, interrupted: false });
  const [first, last] = [events[0], events.at(-3)];
  expect(last?.event === "step" && first?.event === "step" && last.loss < first.loss / 10).toBe(true);
});

test("the same options give the same losses and the same file; another seed does not", async () => {
  const [first, second, other] = [1, 1, 2].map((seed) => optionsIn(temporaryFolder(), { seed }));
  if (!first || !second || !other) throw new Error("unreachable");
  const losses = (events: readonly TrainEvent[]) => events.flatMap((event) => ("loss" in event ? [event.loss] : []));
  const wanted = losses(await collect(first));
  expect(losses(await collect(second))).toStrictEqual(wanted);
  expect(readFileSync(second.out).equals(readFileSync(first.out))).toBe(true);
  expect(losses(await collect(other))).not.toStrictEqual(wanted);
});

test("a number of steps ends training within an epoch, evaluated and saved", async () => {
  const options = optionsIn(temporaryFolder(), { epochs: Infinity, steps: 3 });
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
  const after = await Promise.all(readArtifact(options.out).parameters.map(readTensor));
  expect(after).not.toStrictEqual(before);
});

test("a loss that is not finite ends training and names the step and the learning rate", async () => {
  const options = optionsIn(temporaryFolder(), { learningRate: 3e38, batch: 2 });
  await expect(collect(options)).rejects.toThrow(
    new UserError(
      "the loss is not a number at step 2 of epoch 1, with a learning rate of 3e+38; try a lower one, such as --lr 3e+37",
    ),
  );
});

test("a model that diverges in an epoch's last step is not saved", async () => {
  const folder = temporaryFolder();
  await expect(collect(optionsIn(folder, { learningRate: 3e38, batch: 6 }))).rejects.toThrow(
    new UserError(
      "the model's answers are not finite numbers: its parameters diverged in training; train again with a lower --lr",
    ),
  );
  expect(readdirSync(folder)).toStrictEqual(["graph.onnx"]);
});

test("a clip that cannot be read ends training with its message", async () => {
  const options = optionsIn(temporaryFolder(), {
    load: async (clip) => {
      if (clip.name === "clip 3") throw new UserError("clip 3: this is not audio");
      return load(clip);
    },
  });
  await expect(collect(options)).rejects.toThrow(new UserError("clip 3: this is not audio"));
});
