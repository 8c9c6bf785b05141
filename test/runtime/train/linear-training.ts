/** Trainings of the hand-made linear model, in memory but for the run's folder. */
import { basename, join } from "node:path";
import type { onnx } from "../../../compiler/artifact/onnx.ts";
import type { Recipe } from "../../../compiler/artifact/recipe.ts";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { cpuDevice } from "../../../runtime/engine/device.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { readCheckpoint } from "../../../runtime/runs/checkpoint.ts";
import { createRunFolder } from "../../../runtime/runs/run-folder.ts";
import { train, type TrainOptions } from "../../../runtime/train/train.ts";
import type { PaceEvent, TrainEvent } from "../../../runtime/runs/training-events.ts";
import { linearModel, writeLinearModel } from "../artifact/linear-artifact.ts";

/** Clips of class 0 begin high, those of class 1 end high. */
export const clips = Array.from({ length: 6 }, (_, index): Clip => ({
  name: `clip ${index}`,
  source: { path: String(index) },
  classIndices: [index % 2],
}));
export const load = async ({ name, classIndices }: Clip): Promise<Float32Array> => {
  const level = 1 + Number(name.slice(-1)) / 10;
  return classIndices[0] === 0 ? Float32Array.of(level, 0, 0, 0) : Float32Array.of(0, 0, 0, level);
};

export interface Changes extends Partial<Omit<TrainOptions, "recipe">> {
  readonly recipe?: Partial<Recipe>;
  readonly model?: onnx.IModelProto;
}

/** A training of the model in `folder`, whose run is in a folder there. */
export const optionsIn = (
  folder: string,
  { recipe, model = linearModel(), ...changes }: Changes = {},
): TrainOptions => {
  const artifact = readArtifact(writeLinearModel(folder, model));
  return {
    artifact,
    recipe: { ...artifact.metadata.recipe, epochs: 2, batch: 4, learningRate: 0.5, seed: 1, ...recipe },
    device: cpuDevice,
    clips,
    evaluationClips: clips.slice(0, 4),
    testClips: [],
    load,
    steps: Infinity,
    folder: createRunFolder(join(folder, "run"), "linear", artifact.path),
    run: "a run",
    checkpointMinutes: 10,
    signal: new AbortController().signal,
    note: () => undefined,
    ...changes,
  };
};

/** The options of a training that goes on from its checkpoint. */
export const resumed = async (options: TrainOptions): Promise<TrainOptions> => ({
  ...options,
  checkpoint: await readCheckpoint(options.folder, { run: options.run, changing: [], averaged: [] }, options.note),
});

/** What it tells but for its pace, which is the machine's. */
export const collect = async (options: TrainOptions): Promise<Exclude<TrainEvent, PaceEvent>[]> => {
  const events: Exclude<TrainEvent, PaceEvent>[] = [];
  for await (const event of train(options)) if (event.event !== "pace") events.push(event);
  return events;
};

/** Such as `step 1.2`: the epoch and the step. */
export const outline = (events: readonly TrainEvent[]): string[] =>
  events.flatMap((event) => {
    if (event.event === "pace") return [];
    if (event.event === "done") return `done ${event.steps}`;
    if (event.event === "test") return `test ${basename(event.graph)}`;
    if (event.event === "averaged") return `averaged ${event.epochs}.${event.step}`;
    return `${event.event} ${event.epoch}.${event.step}`;
  });
