/** The training program and inference on a WebGPU device, software if need be, against the CPU. */
import { compileTiny } from "./compile-tiny.ts";
import { hostTensor } from "./host-tensor.ts";
import { nodeEngine } from "../../../runtime/engine/node.ts";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Recipe } from "../../../compiler/artifact/recipe.ts";
import { compile } from "../../../compiler/compile.ts";
import { openClassifier, openClassifierOn } from "../../../runtime/engine/classifier.ts";
import { cpuDevice, type Device } from "../../../runtime/engine/device.ts";
import type { Artifact } from "../../../runtime/artifact/decode-artifact.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import type { HostTensor, HostTensors } from "../../../runtime/engine/engine.ts";
import { openTrainingSession, type TrainingBatch } from "../../../runtime/engine/training-session.ts";
import { writeArtifact } from "../../../runtime/artifact/write-artifact.ts";
import { saying } from "../saying.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { holdSoftwareGpu } from "../../hold-software-gpu.ts";
import { softwareGpu } from "../../software-gpu.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

const webgpuDevice: Device = { kind: "webgpu", name: "software", float16: false };
const classes = 10;
/** What 64 frames of 25 ms, each 10 ms after the last, are made of. */
const samples = 10_480;

const makeBatch = (step: number, clips: number): HostTensors => {
  const targets = new Float32Array(clips * classes);
  for (let clip = 0; clip < clips; clip++) targets[clip * classes + ((step + clip) % classes)] = 1;
  return {
    waveform: hostTensor("float32", generateTensor(`webgpu/${step}`, clips * samples, 0.3), [clips, samples]),
    targets: hostTensor("float32", targets, [clips, classes]),
    learning_rate: hostTensor("float32", Float32Array.of(1e-3), []),
  };
};

const norm = (values: Float32Array): number => Math.hypot(...values);
const floats = ({ data }: HostTensor): Float32Array => data as Float32Array;

/** Distance of two tensors, as a share of the second's norm. */
const distance = (a: HostTensor, b: HostTensor): number => {
  const [x, y] = [floats(a), floats(b)];
  return norm(x.map((value, index) => value - (y[index] ?? NaN))) / norm(y);
};

/** Of shorter clips. */
const compileQuickstart = (): Artifact => {
  const out = join(temporaryFolder(), "graph.onnx");
  compile({ spec: "spec/quickstart.ts", out, input: "waveform", settings: ["frames=64"] });
  return readArtifact(out);
};

const withRecipe = (artifact: Artifact, recipe: Partial<Recipe>): Artifact => ({
  ...artifact,
  metadata: { ...artifact.metadata, recipe: { ...artifact.metadata.recipe, ...recipe } },
});

const once = (feeds: HostTensors): TrainingBatch => ({ feeds, endsStep: true });

beforeAll(holdSoftwareGpu);

describe.skipIf(softwareGpu === undefined)("on a WebGPU device", () => {
  test("ten steps: losses, gradients and answers are the CPU's", async () => {
    const artifact = compileQuickstart();
    const [cpu, gpu] = [
      await openTrainingSession(nodeEngine, artifact, cpuDevice),
      await openTrainingSession(nodeEngine, artifact, webgpuDevice),
    ];
    for (let step = 0; step < 10; step++) {
      const batch = makeBatch(step, 2);
      const [[expected = NaN], [loss = NaN]] = [await cpu.steps([once(batch)]), await gpu.steps([once(batch)])];
      expect(Math.abs(loss / expected - 1), `loss of step ${step}`).toBeLessThan(1e-5);
      if (step > 0) continue;
      const gradients = Object.keys(cpu.state()).filter((name) => name.startsWith("gradient."));
      expect(gradients.length).toBeGreaterThan(30);
      for (const name of gradients) {
        expect(distance(await gpu.read(name), await cpu.read(name)), name).toBeLessThan(1e-5);
      }
    }
    expect((await gpu.read("optimizer.step")).data).toStrictEqual(Int32Array.of(10));

    const waveform = makeBatch(0, 2)["waveform"] as HostTensor;
    const trained = join(temporaryFolder(), "trained.onnx");
    await writeArtifact(artifact, trained, gpu.read);
    const inTraining = await openClassifierOn(nodeEngine, artifact, webgpuDevice, gpu.state);
    const [onGpu, onCpu] = [
      await openClassifier(nodeEngine, readArtifact(trained), webgpuDevice),
      await openClassifier(nodeEngine, readArtifact(trained), cpuDevice),
    ];
    const { logits: expected } = await onCpu.classify(waveform);
    for (const classifier of [inTraining, onGpu]) {
      const { logits } = await classifier.classify(waveform);
      logits.forEach((logit, index) =>
        expect(Math.abs(logit - (expected[index] ?? NaN))).toBeLessThan(1e-5 * norm(expected)),
      );
    }
    await Promise.all([cpu, gpu, inTraining, onGpu, onCpu].map(({ close }) => close()));
  });

  test("losses that are read together, and memory over 100 steps", async () => {
    // In software a step takes its time by the parameters, so that these are few, and all else less.
    const out = compileTiny(
      "optimizer: adam({ learningRate: 1e-3 })",
      `network: [
        patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 256 }),
        meanOfTokens(), dense(256), gelu(), dense("classes"),
      ], objective: singleLabel({ classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] })`,
    );
    const artifact = withRecipe(readArtifact(out), { stepsPerRun: 10 });
    const gpu = await openTrainingSession(nodeEngine, artifact, webgpuDevice);
    const batches = Array.from({ length: 10 }, (_, step) => makeBatch(step, 1));
    const cpu = await openTrainingSession(nodeEngine, artifact, cpuDevice);
    const [losses, expected] = [await gpu.steps(batches.map(once)), await cpu.steps(batches.map(once))];
    losses.forEach((loss, step) => expect(Math.abs(loss / (expected[step] ?? NaN) - 1)).toBeLessThan(1e-5));
    // A software device keeps its buffers in this process.
    const before = process.memoryUsage().rss;
    for (let step = 10; step < 100; step += 10) await gpu.steps(batches.map(once));
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    // Each step makes 1.3 MiB of states anew.
    expect(grown).toBeLessThan(30);
    await Promise.all([cpu, gpu].map(({ close }) => close()));
  });

  test("statistics of batches move there as on the CPU, and its answers are by them", async () => {
    const network = `network: [
      patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 }),
      residual(batchNorm(), dense(8)), meanOfTokens(), batchNorm(), dense("classes"),
    ]`;
    const out = compileTiny("optimizer: adam({ learningRate: 1 })", network);
    const artifact = readArtifact(out);
    const [cpu, gpu] = [
      await openTrainingSession(nodeEngine, artifact, cpuDevice),
      await openTrainingSession(nodeEngine, artifact, webgpuDevice),
    ];
    // The last is of a clip that is alone.
    for (const [step, clips] of [3, 3, 2, 1].entries()) {
      const { waveform } = makeBatch(step, clips);
      // A bias before a batch norm has no gradient but rounding, which Adam makes whole steps of.
      const learning_rate = hostTensor("float32", Float32Array.of(0), []);
      const targets = hostTensor(
        "float32",
        Float32Array.from({ length: 2 * clips }, (_, index) => index % 2),
        [clips, 2],
      );
      const batch = once({ waveform, learning_rate, targets } as HostTensors);
      const [[expected = NaN], [loss = NaN]] = [await cpu.steps([batch]), await gpu.steps([batch])];
      expect(Math.abs(loss / expected - 1), `loss of step ${step}`).toBeLessThan(1e-5);
    }
    const statistics = gpu.changing.filter(({ name }) => name.includes("running_"));
    expect(statistics).toHaveLength(4);
    for (const { name } of statistics) {
      expect(distance(await gpu.read(name), await cpu.read(name)), name).toBeLessThan(1e-5);
    }
    const [onGpu, onCpu] = [
      await openClassifierOn(nodeEngine, artifact, webgpuDevice, gpu.state),
      await openClassifierOn(nodeEngine, artifact, cpuDevice, cpu.state),
    ];
    const waveform = makeBatch(9, 2)["waveform"] as HostTensor;
    const { logits: expected } = await onCpu.classify(waveform);
    const { logits } = await onGpu.classify(waveform);
    expect(norm(logits.map((logit, index) => logit - (expected[index] ?? NaN))) / norm(expected)).toBeLessThan(1e-5);
    await Promise.all([cpu, gpu, onGpu, onCpu].map(({ close }) => close()));
  });

  test("mixed precision needs float16 arithmetic", async () => {
    const artifact = withRecipe(compileQuickstart(), { precision: "mixed-float16" });
    await expect(openTrainingSession(nodeEngine, artifact, webgpuDevice)).rejects.toThrow(
      saying(
        `${artifact.path}: trains in mixed precision, and webgpu (software) has no float16 arithmetic; compile the spec with precision: float32(), or use --device cpu`,
      ),
    );
  });
});
