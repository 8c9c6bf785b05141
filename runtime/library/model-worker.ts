/** The thread of one model: opens the graph that it is started with, and then classifies what it is sent, one batch at a time. */
import { parentPort, workerData } from "node:worker_threads";
import { costFor } from "../../compiler/artifact/cost.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";
import { clipRequirements } from "../audio/clip-requirements.ts";
import type { ClipRequirements } from "../audio/load-clip.ts";
import { fillBatch } from "../data/batches.ts";
import type { DeviceChoice } from "../devices/choose-device.ts";
import { selectDevice } from "../devices/select-device.ts";
import { type Classifier, openClassifier } from "../engine/classifier.ts";
import type { Device, DeviceName } from "../engine/device.ts";
import { nodeEngine } from "../engine/node.ts";
import { type Reply, replyOf } from "../threads/reply.ts";
import type { ModelDevice, ModelMetadata } from "./model.ts";

/** What the thread is started with. */
export interface Opening {
  readonly graph: string | Uint8Array<ArrayBuffer>;
  readonly device: DeviceName | undefined;
  readonly batch: number | undefined;
}

/** What it answers first. */
export interface Opened {
  readonly metadata: ModelMetadata;
  readonly device: ModelDevice;
  readonly requirements: Required<ClipRequirements>;
  readonly batch: number;
}

/** What it is sent then. */
export type Request =
  | { readonly kind: "classify"; readonly clips: readonly Float32Array<ArrayBuffer>[] }
  | { readonly kind: "close" };

/** Results of operators together, of all clips that are computed at once. */
const batchBudgetBytes = 256e6;
const mostAtOnce = 16;

const defaultBatch = ({ cost }: ArtifactMetadata, samples: number, { maxTensorBytes = Infinity }: Device): number => {
  const { activationBytes, largestTensorBytes } = costFor(cost, "inference", { batch: 1, samples });
  const fitting = Math.floor(Math.min(batchBudgetBytes / activationBytes, maxTensorBytes / largestTensorBytes));
  return Math.max(1, Math.min(mostAtOnce, fitting));
};

const describeModel = ({ metadata }: Artifact, { maxSamples }: Required<ClipRequirements>): ModelMetadata => {
  const { specName, classes, objective, sampleRateHz, minSamples, parameters, compilerVersion } = metadata;
  const [leastSeconds, mostSeconds] = [minSamples / sampleRateHz, maxSamples / sampleRateHz];
  return { name: specName, classes, objective, sampleRateHz, leastSeconds, mostSeconds, parameters, compilerVersion };
};

const describeDevice = (device: Device, choice: DeviceChoice | undefined): ModelDevice => {
  const { kind, name } = device;
  const { driver, isSoftware } = choice?.device ?? {};
  return {
    kind,
    name,
    ...(driver === undefined ? {} : { driver }),
    ...(isSoftware === undefined ? {} : { isSoftware }),
    ...(choice?.reason === undefined ? {} : { reason: choice.reason }),
  };
};

let classifier: Classifier | undefined;

const open = async ({ graph, device: name, batch }: Opening): Promise<Opened> => {
  const artifact = readWaveformArtifact(graph);
  const requirements = clipRequirements(artifact.metadata);
  let choice: DeviceChoice | undefined;
  const device = await selectDevice(name, (chosen) => {
    choice = chosen;
  });
  classifier = await openClassifier(nodeEngine, artifact, device);
  return {
    metadata: describeModel(artifact, requirements),
    device: describeDevice(device, choice),
    requirements,
    batch: batch ?? defaultBatch(artifact.metadata, requirements.maxSamples, device),
  };
};

/** @returns the scores [clips, classes], in row-major order */
const classify = async (clips: readonly Float32Array[]): Promise<Float32Array> => {
  if (classifier === undefined) throw new Error("the model is not open");
  const { waveform, samples } = fillBatch(clips);
  const { scores } = await classifier.classify({ type: "float32", data: waveform, dims: [clips.length, samples] });
  return scores;
};

const answer = (request: Request) =>
  replyOf<unknown>(() => (request.kind === "classify" ? classify(request.clips) : classifier?.close()));

const post = async (reply: Promise<Reply<unknown>>): Promise<void> => parentPort?.postMessage(await reply, []);

// One after another: a session is not released while it runs.
let done = post(replyOf(() => open(workerData as Opening)));
parentPort?.on("message", (request: Request) => {
  done = done.then(() => post(answer(request)));
});
