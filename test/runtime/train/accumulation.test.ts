import { expect, test } from "vitest";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { readTensor } from "../../../runtime/artifact/stored-tensor.ts";
import type { TrainEvent } from "../../../runtime/runs/training-events.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { accumulatingModel } from "../artifact/accumulating-artifact.ts";
import { metadata } from "../artifact/linear-artifact.ts";
import { collect, optionsIn } from "./linear-training.ts";

const run = async (
  accumulate: number,
  batch: number,
  stepsPerRun: number | null = null,
): Promise<{ readonly events: readonly TrainEvent[]; readonly losses: number[]; readonly weight: number[] }> => {
  const recipe = { ...metadata.recipe, stepsPerRun };
  const model = accumulate > 1 ? { model: accumulatingModel(accumulate, { recipe }) } : {};
  const options = optionsIn(temporaryFolder(), { recipe: { batch, accumulate, epochs: 3 }, ...model });
  const events = (await collect(options)).slice(0, -1);
  const [weight] = readArtifact(options.folder.last.graph).parameters;
  if (!weight) throw new Error("unreachable");
  return {
    events,
    losses: events.flatMap((event) => (event.event === "step" ? [event.loss] : [])),
    weight: Array.from((await readTensor(weight)) as Float32Array),
  };
};

const largestDifference = (found: readonly number[], expected: readonly number[]): number =>
  Math.max(...expected.map((value, index) => Math.abs(value - (found[index] ?? Number.NaN))));

test.each([
  [2, 4],
  [3, 6],
  [4, 6], // parts of 2
  [2, 3], // parts of 2 and 1
])("%d parts of a step of %d clips do what the whole step does, and tell one loss", async (accumulate, batch) => {
  const [whole, parts] = [await run(1, batch), await run(accumulate, batch)];
  expect(parts.losses).toHaveLength(whole.losses.length);
  expect(largestDifference(parts.losses, whole.losses)).toBeLessThan(1e-5);
  expect(largestDifference(parts.weight, whole.weight)).toBeLessThan(1e-5);
});

test("several steps of parts in one run are the same", async () => {
  const single = await run(2, 3);
  expect(await run(2, 3, 1)).toStrictEqual(single);
  expect(await run(2, 3, 2)).toStrictEqual(single);
  expect(await run(2, 3, 5)).toStrictEqual(single);
});
