/** The same sessions on ONNX Runtime's build for browsers, as WebAssembly: from bytes, without a file. */
import { readFileSync } from "node:fs";
import { beforeAll, expect, test, vi } from "vitest";
import { type Artifact, decodeArtifact, type OpenDataFile } from "../../../runtime/artifact/decode-artifact.ts";
import { openClassifier, openClassifierOn } from "../../../runtime/engine/classifier.ts";
import { cpuDevice } from "../../../runtime/engine/device.ts";
import type { Engine, HostTensors } from "../../../runtime/engine/engine.ts";
import { openFeatureExtractor } from "../../../runtime/engine/feature-extractor.ts";
import { nodeEngine } from "../../../runtime/engine/node.ts";
import { openTrainingSession } from "../../../runtime/engine/training-session.ts";
import { webEngine } from "../../../runtime/engine/web.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { startWeight, writeExternalModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { compileTiny } from "./compile-tiny.ts";
import { hostTensor } from "./host-tensor.ts";

// What Node.js 20 lacks of a browser; a thread more would be a worker, of which vitest knows nothing.
beforeAll(() => void vi.stubGlobal("navigator", { hardwareConcurrency: 1 }));

const readTiny = (): Artifact => {
  const training = "accumulate: 2, optimizer: adamW({ learningRate: 0.01 }), augment: [noise()]";
  return decodeArtifact("graph.onnx", readFileSync(compileTiny(training)));
};

const waveform = (part: number) => hostTensor("float32", generateTensor(`web/${part}`, 2 * 4000, 0.3), [2, 4000]);

/** Of a part of a step; what is drawn at random is small. */
const makeFeeds = ({ model }: Artifact, part: number): HostTensors => {
  const known = new Set(["waveform", "targets", "accumulate"]);
  const drawn = (model.trainingInfo?.[0]?.algorithm?.input ?? []).filter(({ name }) => !known.has(name ?? ""));
  expect(drawn.length).toBeGreaterThan(0);
  const draws = drawn.map(({ name, type }) => {
    const dims = (type?.tensorType?.shape?.dim ?? []).map(({ dimValue }) => Number(dimValue) || 2);
    const values = generateTensor(
      `web/${name}/${part}`,
      dims.reduce((count, dim) => count * dim, 1),
      0.05,
    );
    return [name ?? "", hostTensor("float32", values.map(Math.abs), dims)] as const;
  });
  return {
    waveform: waveform(part),
    targets: hostTensor("float32", Float32Array.of(1, 0, 0, 1), [2, 2]),
    learning_rate: hostTensor("float32", Float32Array.of(0.01), []),
    ...Object.fromEntries(draws),
  };
};

/** The losses of three steps, each of two parts, and then the scores. */
const trainOn = async (engine: Engine, artifact: Artifact) => {
  const session = await openTrainingSession(engine, artifact, cpuDevice);
  const losses: number[] = [];
  for (let part = 0; part < 6; part++) {
    losses.push(...(await session.steps([{ feeds: makeFeeds(artifact, part), endsStep: part % 2 === 1 }])));
  }
  const trained = await openClassifierOn(engine, artifact, cpuDevice, session.state);
  const { scores } = await trained.classify(waveform(9));
  await Promise.all([trained.close(), session.close()]);
  return { losses, scores };
};

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, index) => Math.abs(value - (b[index] ?? Number.NaN))));

test("three steps of training: losses and scores are those of Node.js's build", async () => {
  const artifact = readTiny();
  const [node, web] = [await trainOn(nodeEngine, artifact), await trainOn(webEngine, artifact)];
  expect(web.losses).toHaveLength(6);
  expect(new Set(web.losses).size).toBe(6);
  expect(distance(web.losses, node.losses)).toBeLessThan(1e-6);
  expect(distance(web.scores, node.scores)).toBeLessThan(1e-5);
});

test("inference and its front end: scores and features are those of Node.js's build", async () => {
  const artifact = readTiny();
  const samples = waveform(0).data.subarray(0, 4000) as Float32Array;
  const runOn = async (engine: Engine) => {
    const classifier = await openClassifier(engine, artifact, cpuDevice);
    const extractor = await openFeatureExtractor(engine, artifact);
    const { scores } = await classifier.classify(waveform(0));
    const features = await extractor.extract(samples);
    await Promise.all([classifier.close(), extractor.close()]);
    return { scores, features };
  };
  const [node, web] = [await runOn(nodeEngine), await runOn(webEngine)];
  expect(distance(web.scores, node.scores)).toBeLessThan(1e-5);
  expect(distance(web.features, node.features)).toBeLessThan(1e-4);
});

test.each([
  ["Node.js's build", nodeEngine],
  ["the one for browsers", webEngine],
])("a data file in memory, on %s", async (_, engine) => {
  const path = writeExternalModel(temporaryFolder());
  const data = readFileSync(`${path}.data`);
  const open: OpenDataFile = (location) => ({
    path: location,
    size: data.length,
    read: async (target, offset) => target.set(data.subarray(offset, offset + target.length)),
  });
  const external = decodeArtifact("graph.onnx", readFileSync(path), open);
  const classifier = await openClassifier(engine, external, cpuDevice);
  const { logits } = await classifier.classify(hostTensor("float32", Float32Array.of(1, 0, 0, 0), [1, 4]));
  expect(logits).toStrictEqual(Float32Array.from(startWeight.slice(0, 2)));
  await classifier.close();
  const session = await openTrainingSession(engine, external, cpuDevice);
  expect((await session.read("weight")).data).toStrictEqual(Float32Array.from(startWeight));
  await session.close();
});

test("a data file that is not given is told, and a graph that is only a path", async () => {
  const bytes = readFileSync(writeExternalModel(temporaryFolder()));
  expect(() => decodeArtifact("graph.onnx", bytes)).toThrow(
    new UserError(
      "data-file-missing",
      { path: "graph.onnx", dataFile: "graph.onnx.data" },
      "its data file graph.onnx.data is missing; keep the two files together",
    ),
  );
  await expect(openClassifier(webEngine, { ...readTiny(), graph: "graph.onnx" }, cpuDevice)).rejects.toThrow(
    "a browser opens no files such as graph.onnx: give the graph's bytes",
  );
});
