/** A loss that is not finite leads back to the spec. */
import { describe, expect, test } from "vitest";
import type { Artifact } from "../../../runtime/artifact/decode-artifact.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { readTensor, type StoredTensor } from "../../../runtime/artifact/stored-tensor.ts";
import { cpuDevice } from "../../../runtime/engine/device.ts";
import type { HostTensors } from "../../../runtime/engine/engine.ts";
import { nodeEngine } from "../../../runtime/engine/node.ts";
import { openTrainingSession } from "../../../runtime/engine/training-session.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { compileTiny } from "./compile-tiny.ts";
import { hostTensor } from "./host-tensor.ts";

/** Of two clips. */
const makeFeeds = (learningRate: number): HostTensors => ({
  waveform: hostTensor("float32", generateTensor("non-finite", 2 * 4000, 0.3), [2, 4000]),
  targets: hostTensor("float32", Float32Array.of(1, 0, 0, 1), [2, 2]),
  learning_rate: hostTensor("float32", Float32Array.of(learningRate), []),
});

/** A parameter with one other value. */
const spoil = async (
  { parameters }: Artifact,
  name: string,
  value = Infinity,
): Promise<ReadonlyMap<string, StoredTensor>> => {
  const parameter = parameters.find((each) => each.name === name);
  if (!parameter) throw new Error(`no parameter is called ${name}`);
  const values = await readTensor(parameter);
  values[3] = value;
  return new Map([[name, { ...parameter, storage: { kind: "inline", bytes: new Uint8Array(values.buffer) } }]]);
};

const dense = "blocks.1.residual2.dense1";

describe("a parameter that is not finite", () => {
  test.each([
    ["as it is", "optimizer: adam({ learningRate: 0.01 })"],
    ["added up in parts", "optimizer: adam({ learningRate: 0.01 }), accumulate: 2"],
    ["in mixed precision", "optimizer: adam({ learningRate: 0.01 }), precision: mixedFloat16()"],
  ])("is found in the layer that has it, and is as it was: %s", async (_, training) => {
    const artifact = readArtifact(compileTiny(training));
    const session = await openTrainingSession(
      nodeEngine,
      artifact,
      cpuDevice,
      await spoil(artifact, `${dense}.weight`),
    );
    const before = Float32Array.from((await session.read("dense.weight")).data as Float32Array);
    const { accumulate } = artifact.metadata.recipe;
    for (let part = 1; part <= accumulate; part++) {
      const [loss] = await session.steps([{ feeds: makeFeeds(0.01), endsStep: part === accumulate }]);
      expect(loss).toBeNaN();
    }
    expect(await session.findNonFinite()).toStrictEqual({
      part: { path: dense, line: "tiny-model.ts:31" },
      state: `${dense}.weight`,
    });
    expect((await session.read("dense.weight")).data).toStrictEqual(before);
    await session.close();
  });
});

test("an absurd learning rate: the first layer that overflows", async () => {
  const session = await openTrainingSession(
    nodeEngine,
    readArtifact(compileTiny("optimizer: adam({ learningRate: 1 })")),
    cpuDevice,
  );
  const step = async () => (await session.steps([{ feeds: makeFeeds(1e30), endsStep: true }]))[0];
  expect(await step()).toBeLessThan(2);
  expect(await session.findNonFinite()).toBeUndefined();
  expect(await step()).toBeNaN();
  expect(await session.findNonFinite()).toStrictEqual({
    part: { path: "blocks.0.residual1.attention", line: "tiny-model.ts:30" },
    state: undefined,
  });
  await session.close();
});

test("where several steps share a run, nothing is told", async () => {
  const path = compileTiny("optimizer: adam({ learningRate: 1 }), stepsPerRun: 2");
  const session = await openTrainingSession(nodeEngine, readArtifact(path), cpuDevice);
  const batch = { feeds: makeFeeds(1e30), endsStep: true };
  expect((await session.steps([batch, batch]))[1]).toBeNaN();
  expect(await session.findNonFinite()).toBeUndefined();
  await session.close();
});

test("a norm that overflows is not blamed on the statistics that its own step has moved", async () => {
  const network = `network: [
    patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 }),
    batchNorm(), meanOfTokens(), dense("classes"),
  ]`;
  const artifact = readArtifact(compileTiny("optimizer: adam({ learningRate: 0.01 })", network));
  const states = await spoil(artifact, "patchEmbedding.bias", 3e38);
  const session = await openTrainingSession(nodeEngine, artifact, cpuDevice, states);
  const [loss] = await session.steps([{ feeds: makeFeeds(0.01), endsStep: true }]);
  expect(loss).toBeNaN();
  expect((await session.read("batchNorm.running_mean")).data[3]).not.toBeLessThan(Infinity);
  expect(await session.findNonFinite()).toMatchObject({ part: { path: "batchNorm" }, state: undefined });
  await session.close();
});
