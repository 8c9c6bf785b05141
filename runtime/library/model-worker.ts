/** The thread of one model: opens the graph that it is started with, and then computes what it is sent, one batch at a time. */
import { statSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { costFor } from "../../compiler/artifact/cost.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";
import { clipRequirements } from "../audio/clip-requirements.ts";
import type { ClipRequirements } from "../audio/load-clip.ts";
import { fillBatch } from "../data/batches.ts";
import { selectDescribed } from "../devices/select-described.ts";
import { openClassifier } from "../engine/classifier.ts";
import type { Device, DeviceDescription, DeviceName } from "../engine/device.ts";
import { type InsideName, type Insight, openInsight } from "../engine/insight.ts";
import type { HostTensor } from "../engine/engine.ts";
import { nodeEngine } from "../engine/node.ts";
import { type Answers as DecidedAnswers, decideBy, type Decider } from "../evaluate/decide.ts";
import { type InputPlaces, inputPlaces } from "../evaluate/input-places.ts";
import { type Reply, replyOf } from "../threads/reply.ts";
import { UserError } from "../user-error.ts";
import type { ModelMetadata } from "./model.ts";

/** What the thread is started with. */
export interface Opening {
  readonly graph: string | Uint8Array<ArrayBuffer>;
  readonly device: DeviceName | undefined;
  readonly batch: number | undefined;
}

/** What it answers first. */
export interface Opened {
  readonly metadata: ModelMetadata;
  readonly device: DeviceDescription;
  readonly requirements: Required<ClipRequirements>;
  readonly batch: number;
}

/** What it is sent then. */
export type Request =
  | { readonly kind: Task; readonly clips: readonly Float32Array<ArrayBuffer>[] }
  | { readonly kind: "close" };

/** What can be computed of clips, and what that gives of all of them, in row-major order. */
export interface Answers {
  /** Scores [clips, classes], and [clips] how much each clip is like those of the classes. */
  readonly classify: Pick<DecidedAnswers, "scores" | "likeness">;
  /** Embeddings [clips, width]. */
  readonly embed: Float32Array;
  readonly explain: {
    /** [clips, classes] */
    readonly scores: Float32Array;
    /** [clips, frames, bins] */
    readonly features: Float32Array;
    /** The rollout [clips, tokens]. */
    readonly attention: Float32Array;
    readonly places: InputPlaces;
  };
}

export type Task = keyof Answers;

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
  const { thresholds, calibration, rejection } = metadata.decisions ?? {};
  return {
    name: specName,
    classes,
    objective,
    sampleRateHz,
    leastSeconds,
    mostSeconds,
    parameters,
    compilerVersion,
    isCalibrated: Boolean(calibration),
    thresholds: thresholds
      ? Object.fromEntries(classes.map((label, index) => [label, thresholds.perClass[index]?.score ?? 1]))
      : undefined,
    rejection: rejection ? { rateOf: rejection.rateOf, points: rejection.points } : undefined,
  };
};

/** Changes with a file's content. */
const stampOf = (graph: Opening["graph"]): string | undefined => {
  const stats = typeof graph === "string" ? statSync(graph, { throwIfNoEntry: false }) : undefined;
  return stats && [stats.ino, stats.size, stats.mtimeMs].join();
};

const { graph, device: deviceName, batch } = workerData as Opening;
const stamp = stampOf(graph);
let opened: { readonly decider: Decider; readonly device: Device } | undefined;

const open = async (): Promise<Opened> => {
  const artifact = readWaveformArtifact(graph);
  const requirements = clipRequirements(artifact.metadata);
  const { device, description } = await selectDescribed(deviceName);
  opened = { decider: decideBy(artifact.metadata, await openClassifier(nodeEngine, artifact, device)), device };
  return {
    metadata: describeModel(artifact, requirements),
    device: description,
    requirements,
    batch: batch ?? defaultBatch(artifact.metadata, requirements.maxSamples, device),
  };
};

const requireOpened = () => {
  if (opened === undefined) throw new Error("the model is not open");
  return opened;
};

/** What was opened for more than scores. */
const insights: Pick<Insight<never>, "close">[] = [];

/** Opens the graph for what it has inside when that is first asked for: who never asks pays nothing. */
const insideOf = <Name extends InsideName>(...wanted: readonly Name[]) => {
  const openOnce = async () => {
    const artifact = readWaveformArtifact(graph);
    if (stampOf(graph) !== stamp)
      throw new UserError(
        "graph-changed-since",
        { path: artifact.path },
        "has changed since the model was opened; open it again",
      );
    const insight = await openInsight(nodeEngine, artifact, requireOpened().device, wanted);
    insights.push(insight);
    return { insight, artifact };
  };
  let opening: ReturnType<typeof openOnce> | undefined;
  return () => (opening ??= openOnce());
};

const forEmbedding = insideOf("embedding");
const forExplanation = insideOf("scores", "input_values", "attention");
let places: InputPlaces | undefined;

const tasks: { readonly [Kind in Task]: (waveform: HostTensor) => Promise<Answers[Kind]> } = {
  classify: async (waveform) => {
    const { scores, likeness } = await requireOpened().decider.classify(waveform);
    return { scores, likeness };
  },
  embed: async (waveform) => (await (await forEmbedding()).insight.look(waveform)).embedding,
  explain: async (waveform) => {
    const { insight, artifact } = await forExplanation();
    places ??= inputPlaces(artifact);
    const { scores: own, attention, input_values: features } = await insight.look(waveform);
    const isCalibrated = Boolean(artifact.metadata.decisions?.calibration);
    const scores = isCalibrated ? (await requireOpened().decider.classify(waveform)).scores : own;
    return { scores, attention, features, places };
  },
};

const compute = (task: Task, clips: readonly Float32Array[]): Promise<Answers[Task]> => {
  const { waveform, samples } = fillBatch(clips);
  return tasks[task]({ type: "float32", data: waveform, dims: [clips.length, samples] });
};

const close = async (): Promise<void> => {
  for (const insight of insights) await insight.close();
  await opened?.decider.close();
};

const answer = (request: Request) =>
  replyOf<unknown>(() => (request.kind === "close" ? close() : compute(request.kind, request.clips)));

const post = async (reply: Promise<Reply<unknown>>): Promise<void> => parentPort?.postMessage(await reply, []);

// One after another: a session is not released while it runs.
let done = post(replyOf(open));
parentPort?.on("message", (request: Request) => {
  done = done.then(() => post(answer(request)));
});
