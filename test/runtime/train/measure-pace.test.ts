import { expect, test } from "vitest";
import { beginning, type TrainingProgress } from "../../../runtime/runs/training-progress.ts";
import { measurePace } from "../../../runtime/train/measure-pace.ts";
import type { StepDone } from "../../../runtime/train/run-epoch.ts";
import { metadata } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { train } from "../../../runtime/train/train.ts";
import { optionsIn } from "./linear-training.ts";

/** 8 clips in 4 steps an epoch, for 3 epochs; an answer takes a quarter of what training on a clip takes. */
const optionsOf = (recipe: object = {}, others: object = {}) => {
  const options = optionsIn(temporaryFolder(), { recipe: { epochs: 3, batch: 2, ...recipe }, ...others });
  const { artifact } = options;
  const [clip] = options.clips;
  if (!clip) throw new Error("there is no clip");
  const stage = { activationBytes: 0, largestTensorBytes: [], peakBytes: [] };
  const cost = {
    ...metadata.cost,
    inference: { ...stage, flops: 10 },
    gradients: { ...stage, flops: 30 },
    update: { ...stage, flops: 10 },
  };
  return {
    ...options,
    artifact: { ...artifact, metadata: { ...artifact.metadata, cost } },
    clips: Array.from({ length: 8 }, () => clip),
    evaluationClips: Array.from({ length: 4 }, () => clip),
  };
};

const stepOf = (seconds: number, isSettled = true): StepDone => ({
  loss: 1,
  clips: 2,
  learningRate: 0.1,
  isSettled,
  seconds,
  secondsWaiting: seconds / 4,
});

const at = (steps: number, epochs = 0): TrainingProgress => ({ ...beginning, steps, epochs });

test("after the third step: the mean of those after the first, and all that is left, answers by their operations", () => {
  const pace = measurePace(optionsOf());
  expect(pace.afterStep(stepOf(9), at(1))).toBeUndefined();
  expect(pace.afterStep(stepOf(1), at(2))).toBeUndefined();
  // 9 steps, and 3 evaluations of 4 clips, of which one takes an eighth of a step of two
  expect(pace.afterStep(stepOf(3), at(3))).toStrictEqual({
    event: "pace",
    step: 3,
    secondsPerStep: 2,
    secondsWaiting: 0.5,
    secondsLeft: 9 * 2 + 3 * 4 * (2 / 8),
  });
  expect(pace.afterStep(stepOf(3), at(4))).toBeUndefined();
});

test("after an evaluation: what it took, and the steps since; nothing after the last", () => {
  const pace = measurePace(optionsOf());
  for (let step = 1; step <= 4; step++) pace.afterStep(stepOf(step), at(step));
  expect(pace.afterEpoch(10, at(4, 1))).toMatchObject({ secondsPerStep: 4, secondsLeft: 8 * 4 + 2 * 10 });
  for (let step = 5; step <= 8; step++) pace.afterStep(stepOf(1.0004), at(step, 1));
  expect(pace.afterEpoch(2, at(8, 2))).toMatchObject({ step: 8, secondsPerStep: 1, secondsLeft: 6.002 });
  expect(pace.afterEpoch(2, { ...at(12, 3), finished: true })).toBeUndefined();
  expect(measurePace(optionsOf()).afterEpoch(2, at(4, 1))).toBeUndefined();
});

test("the averaged graph is evaluated, too, and what training leaves is tested", () => {
  const [clip] = optionsOf().clips;
  const pace = measurePace(optionsOf({ averaging: { from: 2, to: 3 } }, { testClips: [clip, clip] }));
  for (let step = 1; step <= 4; step++) pace.afterStep(stepOf(1), at(step));
  expect(pace.afterEpoch(4, at(4, 1))).toMatchObject({ secondsLeft: 8 + 3 * 4 + 2 * 2 });
});

test("of steps that share a run none is told before the first run has warmed up, and the second is through", () => {
  const pace = measurePace(optionsOf());
  const seconds = [5, 5, 5, 1, 1, 1];
  const told = seconds.map((each, index) => pace.afterStep(stepOf(each, index % 3 === 2), at(index + 1)));
  expect(told.map((event) => event?.secondsPerStep)).toStrictEqual([...Array.from({ length: 5 }), 1]);
});

test("what a training tells", async () => {
  const told = [];
  for await (const event of train(optionsOf()))
    told.push("step" in event ? `${event.event} ${event.step}` : event.event);
  expect(told.slice(0, 7)).toStrictEqual(["step 1", "step 2", "step 3", "pace 3", "step 4", "eval 4", "pace 4"]);
  expect(told.slice(-3)).toStrictEqual(["step 12", "eval 12", "done"]);
});
