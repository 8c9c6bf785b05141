/** The optimizer steps of an epoch, from their parts. */
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import type { Clip } from "../data/dataset.ts";
import { loadAhead } from "../data/load-ahead.ts";
import { shareOf } from "../distributed/ranks.ts";
import type { TrainingSession } from "../engine/training-session.ts";
import type { TrainingProgress } from "../runs/training-progress.ts";
import { learningRateAt } from "./learning-rate-at.ts";
import { type LoadedPart, loadPart } from "./load-part.ts";
import { type PartPlan, planEpoch } from "./plan-epoch.ts";
import type { Training } from "./training.ts";

/** An optimizer step that is done. */
export interface StepDone {
  /** Mean over its clips, before the step. */
  readonly loss: number;
  readonly clips: number;
  readonly learningRate: number;
  /** Whether the session's states are those after this step, or later ones already. */
  readonly isSettled: boolean;
  /** That it took, with the wait for its clips. */
  readonly seconds: number;
  /** Of them, those that it waited for its clips. */
  readonly secondsWaiting: number;
}

/** What `source` gives, `size` at a time; the last group has what is left. */
async function* groupsOf<Item>(
  source: AsyncIterable<Item>,
  size: number,
): AsyncGenerator<readonly Item[], void, undefined> {
  let group: Item[] = [];
  for await (const item of source) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** The same parts, none before the last one of its step is there: no step is begun whose clips cannot all be read. */
async function* inWholeSteps(parts: AsyncIterable<LoadedPart>): AsyncGenerator<LoadedPart, void, undefined> {
  let step: LoadedPart[] = [];
  for await (const part of parts) {
    step.push(part);
    if (!part.plan.endsStep) continue;
    yield* step;
    step = [];
  }
}

/** @throws whatever the parts throw; the session's states are then those after the last step that was given */
export async function* runSteps(
  session: TrainingSession,
  parts: AsyncIterable<LoadedPart>,
): AsyncGenerator<StepDone, void, undefined> {
  let [lossSum, clips] = [0, 0];
  let [seconds, secondsWaiting, asked] = [0, 0, performance.now()];
  for await (const group of groupsOf(inWholeSteps(parts), session.batchesPerRun)) {
    secondsWaiting += (performance.now() - asked) / 1000;
    const losses = await session.steps(group.map(({ feeds, plan: { endsStep } }) => ({ feeds, endsStep })));
    const ended = group.filter(({ plan }) => plan.endsStep).length;
    seconds += (performance.now() - asked) / 1000;
    for (const [index, { plan, learningRate }] of group.entries()) {
      lossSum += (losses[index] ?? Number.NaN) * plan.rows.length;
      clips += plan.rows.length;
      if (!plan.endsStep) continue;
      const isSettled = index === group.length - 1;
      yield {
        loss: lossSum / clips,
        clips,
        learningRate,
        isSettled,
        seconds: seconds / ended,
        secondsWaiting: secondsWaiting / ended,
      };
      [lossSum, clips] = [0, 0];
    }
    if (ended > 0) [seconds, secondsWaiting] = [0, 0];
    asked = performance.now();
  }
}

/** How many optimizer steps a training makes. */
export const countSteps = ({
  clips,
  recipe,
  steps,
}: {
  readonly clips: readonly Clip[];
  readonly recipe: Recipe;
  readonly steps: number;
}): number => Math.min(steps, recipe.epochs * Math.ceil(clips.length / recipe.batch));

/** The steps of the epoch at hand that are left, each when it is done; their clips are loaded ahead. */
export const runEpoch = (
  { options, session, clips: { loadToTrain: load } }: Pick<Training, "options" | "session" | "clips">,
  progress: TrainingProgress,
): AsyncIterable<StepDone> => {
  const { artifact, recipe, clips, ranks } = options;
  const { metadata } = artifact;
  const [totalSteps, stepsBefore] = [countSteps(options), progress.steps - progress.epochSteps];
  const epoch = progress.epochs + 1;
  const stepsPerEpoch = Math.ceil(clips.length / recipe.batch);
  const plan = planEpoch({
    clips,
    recipe,
    epoch,
    done: progress.epochSteps,
    steps: totalSteps - stepsBefore,
  });
  const own = ranks && ((rows: PartPlan["rows"]) => shareOf(rows, ranks));
  const parts = loadAhead(plan, (part) => {
    const learningRate = learningRateAt(recipe, { step: stepsBefore + part.step, stepsPerEpoch, totalSteps });
    return loadPart(part, { metadata, seed: recipe.seed, epoch, clips, load, learningRate, own });
  });
  return runSteps(session, parts);
};
