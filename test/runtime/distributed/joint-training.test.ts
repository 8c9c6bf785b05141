/** Several ranks against one, on all that a recipe may have: the same steps, to rounding. */
import { expect, test } from "vitest";
import { nodeEngine } from "../../../runtime/engine/node.ts";
import { changingStates, trainingProgram } from "../../../runtime/engine/session-program.ts";
import { readCheckpoint } from "../../../runtime/runs/checkpoint.ts";
import type { EpochEvent, TrainEvent } from "../../../runtime/runs/training-events.ts";
import { keepNothing } from "../../../runtime/train/joint-run.ts";
import { train, type TrainOptions } from "../../../runtime/train/train.ts";
import { trainLoop } from "../../../runtime/train/train-loop.ts";
import { optionsOf } from "../train/recipe-run.ts";
import { ranksInMemory } from "./in-memory.ts";
import { differences, movementApart } from "./movement.ts";

const all = async (source: AsyncIterable<TrainEvent>): Promise<readonly TrainEvent[]> => {
  const events: TrainEvent[] = [];
  for await (const event of source) events.push(event);
  return events;
};

/** @returns what rank 0 tells. @param signals ask the ranks to stop */
const trainOn = async (size: number, options: TrainOptions, signals: readonly AbortSignal[] = []) => {
  const [told] = await Promise.all(
    ranksInMemory(size, signals).map((ranks) => {
      const own = { ...options, ranks, signal: ranks.signal };
      return all(ranks.rank === 0 ? train(own) : trainLoop(nodeEngine, own, () => keepNothing));
    }),
  );
  return told ?? [];
};

const goOn = async (options: TrainOptions): Promise<TrainOptions> => {
  const changing = changingStates(trainingProgram(options.artifact));
  const expected = { run: options.run, changing, averaged: [] };
  return { ...options, checkpoint: await readCheckpoint(options.folder, expected, options.note) };
};

const lossesOf = (events: readonly TrainEvent[]): readonly number[] =>
  events.flatMap((event) => (event.event === "step" ? [event.loss] : []));

/** What two trainings from the same parameters have in common: losses, what their parameters moved by, and evaluations. */
const expectAlike = async (
  [events, folder]: readonly [readonly TrainEvent[], TrainOptions["folder"]],
  [alone, alonefolder]: readonly [readonly TrainEvent[], TrainOptions["folder"]],
  graph: string,
): Promise<void> => {
  expect(Math.max(...differences(lossesOf(events), lossesOf(alone)).map(Math.abs))).toBeLessThan(1e-5);
  const graphs = { begun: graph, found: folder.last.graph, expected: alonefolder.last.graph };
  expect(await movementApart(graphs)).toBeLessThan(1e-4);
  const evaluations = (events: readonly TrainEvent[]): readonly EpochEvent[] =>
    events.flatMap((event) => (event.event === "eval" ? [event] : []));
  for (const [index, { loss, accuracy }] of evaluations(events).entries()) {
    expect(loss).toBeCloseTo(evaluations(alone)[index]?.loss ?? Number.NaN, 5);
    expect(accuracy).toBe(evaluations(alone)[index]?.accuracy);
  }
};

test.each([
  [2, "batch: 12"],
  [4, "batch: 12"],
  [3, "batch: 12, accumulate: 4"], // the last step of an epoch has 2 clips, which is fewer than there are ranks
  [2, "batch: 1"], // one of them has none
])(
  "%d ranks make the steps that one makes, with augmentation, balanced sampling and averaging: %s",
  async (size, recipe) => {
    const epochs = "epochs: 2, average: { from: 1, to: 2 }";
    const [alone, joint] = [optionsOf(`${recipe}, ${epochs}`), optionsOf(`${recipe}, ${epochs}`)];
    const [expected, found] = [await trainOn(1, alone), await trainOn(size, joint)];
    expect(found.map(({ event }) => event).filter((event) => event !== "pace")).toStrictEqual(
      expected.map(({ event }) => event).filter((event) => event !== "pace"),
    );
    await expectAlike([found, joint.folder], [expected, alone.folder], alone.artifact.path);
  },
);

test("what several ranks have begun others go on with: 2, then 3, then 1", async () => {
  const recipe = "batch: 12, epochs: 2";
  const [whole, parts] = [optionsOf(recipe), optionsOf(recipe)];
  const expected = await trainOn(1, whole);
  const found: TrainEvent[] = [];
  for (const [size, until] of [
    [2, 3],
    [3, 7],
    [1, Infinity],
  ] as const) {
    const stop = new AbortController();
    const options = await goOn(parts);
    const [told] = await Promise.all(
      ranksInMemory(size, [stop.signal]).map(async (ranks) => {
        const events: TrainEvent[] = [];
        const own = { ...options, ranks, signal: ranks.signal };
        for await (const event of ranks.rank === 0 ? train(own) : trainLoop(nodeEngine, own, () => keepNothing)) {
          events.push(event);
          if (event.event === "step" && event.step === until) stop.abort();
        }
        return events;
      }),
    );
    found.push(...(told ?? []));
  }
  expect(lossesOf(found)).toHaveLength(10);
  const isSaid = ({ event }: TrainEvent): boolean => event === "step" || event === "eval";
  await expectAlike([found.filter(isSaid), parts.folder], [expected.filter(isSaid), whole.folder], whole.artifact.path);
});

test("a graph that takes statistics over a batch is refused", async () => {
  const batchNorm =
    'network: [patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 }), batchNorm(), meanOfTokens(), dense("classes")]';
  await expect(trainOn(2, optionsOf("batch: 4, epochs: 1", batchNorm))).rejects.toThrow(
    "the graph takes statistics over the clips of a batch, of which several ranks would each see a part; expected layer norm or group norm in the place of batch norm, or one rank",
  );
});
