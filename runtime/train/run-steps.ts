/** Optimizer steps from their parts. */
import type { TrainingSession } from "../engine/training-session.ts";
import type { LoadedPart } from "./load-part.ts";

/** An optimizer step that is done. */
export interface StepDone {
  /** Mean over its clips, before the step. */
  readonly loss: number;
  readonly clips: number;
  readonly learningRate: number;
  /** Whether the session's states are those after this step, or later ones already. */
  readonly isSettled: boolean;
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
  for await (const group of groupsOf(inWholeSteps(parts), session.batchesPerRun)) {
    const losses = await session.steps(group.map(({ feeds, plan: { endsStep } }) => ({ feeds, endsStep })));
    for (const [index, { plan, learningRate }] of group.entries()) {
      lossSum += (losses[index] ?? Number.NaN) * plan.rows.length;
      clips += plan.rows.length;
      if (!plan.endsStep) continue;
      const isSettled = index === group.length - 1;
      yield { loss: lossSum / clips, clips, learningRate, isSettled };
      [lossSum, clips] = [0, 0];
    }
  }
}
