import { join } from "node:path";
import { dataOf, hostTensor } from "./host-tensor.ts";
import { expect, test } from "vitest";
import { compile } from "../../../compiler/compile.ts";
import { cpuDevice } from "../../../runtime/engine/device.ts";
import type { Artifact } from "../../../runtime/artifact/decode-artifact.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { openTrainingSession, type TrainingBatch } from "../../../runtime/engine/training-session.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { plainEngine } from "./plain-engine.ts";

const classes = 10;

const makeBatch = (step: number, clips: number, samples: number): TrainingBatch => {
  const targets = new Float32Array(clips * classes);
  for (let clip = 0; clip < clips; clip++) targets[clip * classes + ((step + clip) % classes)] = 1;
  const feeds = {
    waveform: hostTensor("float32", generateTensor(`loop/${step}`, clips * samples, 0.3), [clips, samples]),
    targets: hostTensor("float32", targets, [clips, classes]),
    learning_rate: hostTensor("float32", Float32Array.of(1e-3 / (step + 1)), []),
  };
  return { feeds, endsStep: true };
};

const withStepsPerRun = (artifact: Artifact, stepsPerRun: number): Artifact => ({
  ...artifact,
  metadata: { ...artifact.metadata, recipe: { ...artifact.metadata.recipe, stepsPerRun } },
});

const train = async (artifact: Artifact, stepsPerRun: number, batches: readonly TrainingBatch[]) => {
  const session = await openTrainingSession(plainEngine, withStepsPerRun(artifact, stepsPerRun), cpuDevice);
  const losses: number[] = [];
  for (let done = 0; done < batches.length; done += stepsPerRun) {
    losses.push(...(await session.steps(batches.slice(done, done + stepsPerRun))));
  }
  const state = Object.fromEntries(session.changing.map(({ name }) => [name, dataOf(session.state()[name])]));
  await session.close();
  return { losses, state };
};

const compileQuickstart = (): Artifact => {
  const out = join(temporaryFolder(), "graph.onnx");
  compile({ spec: "spec/quickstart.ts", out, input: "waveform" });
  return readArtifact(out);
};

test("eight steps in one run are the same as eight runs of one, twice", async () => {
  const artifact = compileQuickstart();
  const batches = Array.from({ length: 16 }, (_, step) => makeBatch(step, 3, 16_000));
  const single = await train(artifact, 1, batches);
  expect(new Set(single.losses).size).toBe(16);
  expect(await train(artifact, 8, batches)).toStrictEqual(single);
});

test("batches of other lengths and other sizes share a run as far as they can", async () => {
  const artifact = compileQuickstart();
  const batches = [
    makeBatch(0, 3, 16_000),
    makeBatch(1, 3, 9_000),
    makeBatch(2, 3, 12_345),
    makeBatch(3, 2, 16_000),
    makeBatch(4, 1, 8_000),
  ];
  const single = await train(artifact, 1, batches);
  const together = await train(artifact, 5, batches);
  together.losses.forEach((loss, step) => expect(loss, `step ${step}`).toBeCloseTo(single.losses[step] ?? NaN, 5));
});
