import { cpuDevice } from "../../../runtime/engine/device.ts";
import { dataOf, hostTensor } from "./host-tensor.ts";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../../../compiler/compile.ts";
import { openClassifier, openClassifierOn } from "../../../runtime/engine/classifier.ts";
import { openSession } from "../../../runtime/engine/open-session.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import type { HostTensor, HostTensors } from "../../../runtime/engine/engine.ts";
import { openTrainingSession, type TrainingSession } from "../../../runtime/engine/training-session.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { createRunner } from "../../onnx/training-info-runner.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { linearModel, startWeight, writeExternalModel, writeLinearModel } from "../artifact/linear-artifact.ts";
import { plainEngine } from "./plain-engine.ts";

const waveform = hostTensor("float32", Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0), [2, 4]);
const feeds: HostTensors = {
  waveform,
  targets: hostTensor("float32", Float32Array.of(1, 0, 0, 1), [2, 2]),
  learning_rate: hostTensor("float32", Float32Array.of(0.5), []),
};
const stepOnce = async (session: TrainingSession, batch: HostTensors): Promise<number | undefined> =>
  (await session.steps([{ feeds: batch, endsStep: true }]))[0];
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe("a model that can be worked out by hand", () => {
  test("two steps of momentum", async () => {
    const session = await openTrainingSession(
      plainEngine,
      readArtifact(writeLinearModel(temporaryFolder())),
      cpuDevice,
    );
    // Each clip picks one row of the weight, whose two columns stay opposite: its logits are (w, -w).
    let [first, second] = [0.1, 0.2];
    let [firstVelocity, secondVelocity] = [0, 0];
    for (let step = 1; step <= 2; step++) {
      const loss = -(Math.log(sigmoid(2 * first)) + Math.log(sigmoid(-2 * second))) / 2;
      expect(await stepOnce(session, feeds)).toBeCloseTo(loss, 6);
      firstVelocity = 0.5 * firstVelocity + sigmoid(2 * first) - 1;
      secondVelocity = 0.5 * secondVelocity + sigmoid(2 * second);
      first -= 0.5 * firstVelocity;
      second -= 0.5 * secondVelocity;
      const state = session.state();
      expect(dataOf(state["weight"])?.[0]).toBeCloseTo(first, 6);
      expect(dataOf(state["weight"])?.[2]).toBeCloseTo(second, 6);
      expect(dataOf(state["velocity"])?.[2]).toBeCloseTo(secondVelocity, 6);
      expect(dataOf(state["steps"])?.[0]).toBe(step);
    }
    await session.close();
  });

  test("parameters start from the data file", async () => {
    const session = await openTrainingSession(
      plainEngine,
      readArtifact(writeExternalModel(temporaryFolder())),
      cpuDevice,
    );
    expect(dataOf(session.state()["weight"])).toStrictEqual(Float32Array.from(startWeight));
    await session.close();
  });

  test("a parameter that training leaves alone is fed as it is", async () => {
    // The program trains on a state of another name; its weight is frozen.
    const model = linearModel();
    const [gradients, update] = model.trainingInfo ?? [];
    const binding = update?.updateBinding ?? [];
    binding.splice(0, 1);
    for (const each of gradients?.updateBinding ?? []) each.key = "total";
    for (const { sparseInitializer, node } of [gradients, update].map((info) => info?.algorithm ?? {})) {
      for (const { values } of sparseInitializer ?? []) if (values?.name === "gradient.weight") values.name = "total";
      for (const each of node ?? [])
        each.input = (each.input ?? []).map((name) => (name === "gradient.weight" ? "total" : name));
    }
    const folder = temporaryFolder();
    writeExternalModel(folder);
    const external = readArtifact(join(folder, "graph.onnx")).model.graph?.initializer ?? [];
    model.graph.initializer = [...external];
    const session = await openTrainingSession(plainEngine, readArtifact(writeLinearModel(folder, model)), cpuDevice);
    for (let step = 1; step <= 3; step++) await stepOnce(session, feeds);
    expect(dataOf(session.state()["weight"])).toStrictEqual(Float32Array.from(startWeight));
    expect(dataOf(session.state()["steps"])?.[0]).toBe(3);
    await session.close();
  });
});

describe("the quickstart model", () => {
  const samples = 16_000;
  const targets = new Float32Array(3 * 10);
  [0, 13, 28].forEach((index) => {
    targets[index] = 1;
  });
  const batch = (step: number): HostTensors => ({
    waveform: hostTensor("float32", generateTensor(`session/${step}`, 3 * samples, 0.3), [3, samples]),
    targets: hostTensor("float32", targets, [3, 10]),
    learning_rate: hostTensor("float32", Float32Array.of(1e-3), []),
  });

  test("states that steps write in place equal those of a runner that copies every tensor", async () => {
    const out = join(temporaryFolder(), "graph.onnx");
    compile({ spec: "spec/quickstart.ts", out, input: "waveform" });
    const artifact = readArtifact(out);
    const [session, reference] = [await openTrainingSession(plainEngine, artifact, cpuDevice), await createRunner(out)];
    const classifier = await openClassifierOn(plainEngine, artifact, cpuDevice, session.state);
    for (let step = 1; step <= 5; step++) {
      const loss = await stepOnce(session, batch(step));
      expect(loss).toBe((await reference.step(batch(step)))["loss"]?.data[0]);
      // In between, as after an epoch: evaluation reads the states and leaves them alone.
      await classifier.classify(batch(step)["waveform"] as HostTensor);
    }
    expect(Object.keys(session.state()).sort()).toStrictEqual([...reference.state.keys()].sort());
    for (const [name, tensor] of Object.entries(session.state())) {
      expect(dataOf(tensor), name).toStrictEqual(reference.state.get(name)?.data);
    }
    await classifier.close();
    await session.close();
  });
});

describe("a classifier", () => {
  test("answers the same from the file and on parameters in memory", async () => {
    const artifact = readArtifact(writeExternalModel(temporaryFolder()));
    const session = await openTrainingSession(plainEngine, artifact, cpuDevice);
    const fromFile = await openClassifier(plainEngine, artifact, cpuDevice);
    const inMemory = await openClassifierOn(plainEngine, artifact, cpuDevice, session.state);
    const answers = await fromFile.classify(waveform);
    expect(answers.logits).toStrictEqual(Float32Array.of(0.1, -0.1, 0.2, -0.2));
    expect(await inMemory.classify(waveform)).toStrictEqual(answers);
    await stepOnce(session, feeds);
    const weight = dataOf(session.state()["weight"]);
    expect((await inMemory.classify(waveform)).logits).toStrictEqual((weight as Float32Array | undefined)?.slice(0, 4));
    await Promise.all([session, fromFile, inMemory].map(({ close }) => close()));
  });
});

describe("what cannot run", () => {
  test("a graph that ONNX Runtime refuses", async () => {
    const model = linearModel();
    model.graph.node = (model.graph.node ?? []).map((node) => ({ ...node, opType: "NoSuchOperator" }));
    const artifact = readArtifact(writeLinearModel(temporaryFolder(), model));
    const refused = openSession(plainEngine, artifact, artifact, cpuDevice);
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(
      `${artifact.path}: ONNX Runtime refuses the graph; compile or copy it again (`,
    );
  });
});
