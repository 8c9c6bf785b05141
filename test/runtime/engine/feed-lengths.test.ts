/** Lengths that are fed are those that the graph computes itself. */
import { beforeAll, describe, expect, test } from "vitest";
import { absentSample } from "../../../compiler/artifact/names.ts";
import type { onnx } from "../../../compiler/artifact/onnx.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { cpuDevice, type Device } from "../../../runtime/engine/device.ts";
import { feedLengths } from "../../../runtime/engine/feed-lengths.ts";
import { nodeEngine } from "../../../runtime/engine/node.ts";
import { openSession } from "../../../runtime/engine/open-session.ts";
import { trainingProgram } from "../../../runtime/engine/session-program.ts";
import { openTrainingSession } from "../../../runtime/engine/training-session.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { holdSoftwareGpu } from "../../hold-software-gpu.ts";
import { softwareGpu } from "../../software-gpu.ts";
import { compileTiny } from "./compile-tiny.ts";
import { hostTensor } from "./host-tensor.ts";

beforeAll(holdSoftwareGpu);

const filters = "bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: 'hanning'";
const features = `features: [kaldiFbank({ ${filters} }), anyLength({ frames: 24, least: 8, most: 64 })]`;
const network = `network: [
  patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 5 }, width: 8 }), batchNorm(),
  prependTokens("cls"), positionalEmbedding(), residual(layerNorm({ eps: 1e-6 }), attention({ heads: 2 })),
  appendTokens("end"), meanOfTokens("cls", "end"), dense("classes"),
]`;

const artifactOf = (augment = "") =>
  readArtifact(compileTiny(`optimizer: adam({ learningRate: 1 }), ${augment}`, `${features}, ${network}`));

const isLength = ({ name }: onnx.INodeProto): boolean => name?.startsWith("length/") ?? false;

const waveformOf = (clips: number, samples: number) =>
  hostTensor("float32", generateTensor(`lengths/${samples}`, clips * samples, 0.3), [clips, samples]);

test("an inference graph gives the same, bit for bit, whatever the batch and the clips' length", async () => {
  const { model } = artifactOf();
  const { model: fed, feeding } = feedLengths(model);
  expect(fed.graph?.node?.filter(isLength)).toStrictEqual([]);
  const [own, other] = [
    await nodeEngine.open(model, { device: "cpu" }),
    feeding(await nodeEngine.open(fed, { device: "cpu" })),
  ];
  expect(other.inputNames).toStrictEqual(own.inputNames);
  for (const [clips, samples] of [
    [1, 400],
    [2, 1999],
    [3, 4242],
    [1, 10_480],
    [2, 12_000],
  ] as const) {
    const waveform = waveformOf(clips, samples);
    expect(await other.run({ waveform })).toStrictEqual(await own.run({ waveform }));
  }
  await Promise.all([own.release(), other.release()]);
});

test("what is no length stays, whatever it is called", () => {
  const { model } = artifactOf("augment: [mixup({ rate: 0.5 })]");
  const odd = { opType: "Loop", name: "length/odd", input: ["length/batch"], output: ["length/odd"] };
  const far = { opType: "Add", name: "length/far", input: ["length/odd", "length/batch"], output: ["length/far"] };
  const graph = { ...model.graph, node: [...(model.graph?.node ?? []), odd, far] };
  const { model: fed } = feedLengths({ graph });
  expect(fed.graph?.node?.filter(isLength)).toStrictEqual([odd, far]);
  const { gradients } = trainingProgram(artifactOf("augment: [mixup({ rate: 0.5 })]"));
  expect(feedLengths(gradients.model).model.graph?.node?.filter(isLength)).toStrictEqual([]);
});

describe.skipIf(softwareGpu === undefined)("on a WebGPU device", () => {
  const webgpuDevice: Device = { kind: "webgpu", name: "software", float16: false };

  test("one node that the device does not run is refused", async () => {
    const artifact = artifactOf();
    const { graph } = artifact.model;
    const node = { opType: "Hardmax", name: "forward/dense/hardmax.0", input: ["logits"], output: ["hard"] };
    const output = [...(graph?.output ?? []), { name: "hard", type: { tensorType: { elemType: 1 } } }];
    const program = {
      ...artifact.model,
      graph: { ...graph, node: [...(graph?.node ?? []), node], output },
      trainingInfo: [],
    };
    const whole = await openSession(nodeEngine, artifact, artifact, webgpuDevice);
    await whole.release();
    await expect(openSession(nodeEngine, artifact, program, webgpuDevice)).rejects.toMatchObject({
      code: "device-refuses-graph",
      message: expect.stringContaining("fallback to CPU EP has been explicitly disabled") as string,
    });
    const onCpu = await openSession(nodeEngine, artifact, program, cpuDevice);
    await onCpu.release();
  });

  test("clips of several lengths train as on the CPU", async () => {
    const artifact = artifactOf();
    const feeds = (step: number) => {
      const samples = 4000 + 1234 * step;
      const clips = generateTensor(`lengths/${samples}`, 3 * samples, 0.3);
      clips.fill(absentSample, 3000, samples);
      return {
        waveform: hostTensor("float32", clips, [3, samples]),
        targets: hostTensor("float32", Float32Array.of(1, 0, 0, 1, 1, 0), [3, 2]),
        learning_rate: hostTensor("float32", Float32Array.of(1e-3), []),
      };
    };
    const [cpu, gpu] = [
      await openTrainingSession(nodeEngine, artifact, cpuDevice),
      await openTrainingSession(nodeEngine, artifact, webgpuDevice),
    ];
    for (const step of [0, 1, 2]) {
      const batch = { feeds: feeds(step), endsStep: true };
      const [[expected = NaN], [loss = NaN]] = [await cpu.steps([batch]), await gpu.steps([batch])];
      expect(Math.abs(loss / expected - 1), `loss of step ${step}`).toBeLessThan(1e-5);
    }
    await Promise.all([cpu.close(), gpu.close()]);
    const drawing = artifactOf("augment: [mixup({ rate: 0.5 }), maskTime({ frames: 4 }), noise(), roll()]");
    const opened = await openTrainingSession(nodeEngine, drawing, webgpuDevice);
    await opened.close();
  });
});
