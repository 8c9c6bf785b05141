/** The learning rate of every optimizer step. */
import type { Recipe, Schedule, Warmup } from "../../compiler/artifact/recipe.ts";

/** A step's place in the training. */
export interface StepPlace {
  /** Optimizer steps before this one. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** Optimizer steps of the whole training. */
  readonly totalSteps: number;
}

/** The reference changes its warm-up's rate this often (`traintest.py`). */
const referenceJump = 50;

/** The last step at which the reference's warm-up set the rate, whatever the schedule had made of it by then. */
const lastJump = ({ steps }: Warmup, step: number): number =>
  Math.floor(Math.min(step, steps) / referenceJump) * referenceJump;

/** torch's MultiStepLR: multiplied at the end of each epoch that is a milestone, and not at once by a power. */
const multiStep = (
  rate: number,
  { milestones, factor }: Schedule & { readonly kind: "multiStep" },
  { step, stepsPerEpoch }: StepPlace,
  since: number,
): number =>
  milestones
    .filter((epochs) => epochs * stepsPerEpoch <= step && epochs * stepsPerEpoch > since)
    .reduce((current) => current * factor, rate);

/** to + (1 - to) (1 + cos(pi t)) / 2, with t from 0 after the warm-up to 1 at the end. */
const cosine = (
  rate: number,
  { to, warmup }: Schedule & { readonly kind: "cosine" },
  { step, totalSteps }: StepPlace,
): number => {
  const start = warmup?.steps ?? 0;
  const done = Math.max(0, step - start) / Math.max(1, totalSteps - start);
  return rate * (to + ((1 - to) * (1 + Math.cos(Math.PI * done))) / 2);
};

const scheduled = (rate: number, schedule: Schedule, place: StepPlace, since = 0): number => {
  switch (schedule.kind) {
    case "constant":
      return rate;
    case "multiStep":
      return multiStep(rate, schedule, place, since);
    case "cosine":
      return cosine(rate, schedule, place);
  }
};

/**
 * A linear warm-up multiplies the schedule's rate by step / steps. The reference's (`traintest.py`) sets the rate every 50
 * steps, the first time to 0: a milestone that has passed by its last time is lost, and one between two times lasts till
 * the second.
 */
export const learningRateAt = ({ learningRate, schedule }: Recipe, place: StepPlace): number => {
  const { warmup } = schedule;
  const { step } = place;
  if (warmup === null) return scheduled(learningRate, schedule, place);
  if (warmup.kind === "linear") return scheduled(learningRate, schedule, place) * Math.min(1, step / warmup.steps);
  const jump = lastJump(warmup, step);
  const rate = step < warmup.steps ? (jump / warmup.steps) * learningRate : learningRate;
  return scheduled(rate, schedule, place, jump);
};
