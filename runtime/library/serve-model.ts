import { costFor } from "../../compiler/artifact/cost.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { clipRequirements } from "../audio/clip-requirements.ts";
import type { ClipRequirements } from "../audio/load-clip.ts";
import { fillBatch } from "../data/batches.ts";
import { type Classifier, openClassifier } from "../engine/classifier.ts";
import type { DescribedDevice, Device, DeviceDescription } from "../engine/device.ts";
import { type InsideName, type Insight, openInsight } from "../engine/insight.ts";
import type { Engine, HostTensor } from "../engine/engine.ts";
import { type Answers as DecidedAnswers, decideBy, type Decider } from "../evaluate/decide.ts";
import { type InputPlaces, inputPlaces } from "../evaluate/input-places.ts";
import { type Reply, replyOf, valueOf } from "../threads/reply.ts";
import type { Parent } from "../threads/threads.ts";
import { UserError } from "../user-error.ts";
import type { ModelMetadata } from "./model.ts";

/** What a model is opened with, wherever its thread runs. */
export interface ModelOpening {
  readonly engine: Engine;
  /** Reads the graph, once or more. @throws UserError, where it is another than at first, too */
  readonly read: () => Artifact | Promise<Artifact>;
  /** Proves, while the graph is opened, what `read` has left for that. @throws UserError */
  readonly prove?: (artifact: Artifact) => Promise<void>;
  /**
   * The device, and those that take its place where it does not run the graph.
   * @throws UserError where the machine has not the device that is asked for
   */
  readonly selectDevices: () => Promise<readonly [DescribedDevice, ...(readonly DescribedDevice[])]>;
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
export type Request = { readonly kind: Task; readonly clips: readonly Float32Array[] } | { readonly kind: "close" };

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
    /** Of the longest clip. */
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

/** What the thread of one model does: it opens the graph, and then computes what it is sent, one batch at a time. */
export const serveModel = (
  parent: Parent<unknown>,
  { engine, read, prove, selectDevices, batch }: ModelOpening,
): void => {
  let opened: { readonly decider: Decider; readonly device: Device } | undefined;

  /** What is opened of an artifact, once that is proven. */
  const whileProven = async <Opened>(artifact: Artifact, open: () => Promise<Opened>): Promise<Opened> => {
    const proven = replyOf(() => prove?.(artifact));
    const opening = await replyOf(open);
    valueOf(await proven);
    return valueOf(opening);
  };

  const openOn = async (
    artifact: Artifact,
    { device, description }: DescribedDevice,
    ...[next, ...others]: readonly DescribedDevice[]
  ): Promise<DescribedDevice & { readonly classifier: Classifier }> => {
    try {
      return { classifier: await openClassifier(engine, artifact, device), device, description };
    } catch (error) {
      if (next === undefined || !(error instanceof UserError)) throw error;
      const reason = `not ${device.kind}: ${error.sentence}`;
      return openOn(artifact, { ...next, description: { ...next.description, reason } }, ...others);
    }
  };

  const open = async (): Promise<Opened> => {
    const artifact = await read();
    const requirements = clipRequirements(artifact.metadata);
    const opening = async () => openOn(artifact, ...(await selectDevices()));
    const { classifier, device, description } = await whileProven(artifact, opening);
    opened = { decider: decideBy(artifact.metadata, classifier), device };
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
      const artifact = await read();
      const opening = () => openInsight(engine, artifact, requireOpened().device, wanted);
      const insight = await whileProven(artifact, opening);
      insights.push(insight);
      return { insight, artifact };
    };
    let opening: ReturnType<typeof openOnce> | undefined;
    return () => (opening ??= openOnce());
  };

  const forEmbedding = insideOf("embedding");
  const forExplanation = insideOf("scores", "input_values", "attention");

  const tasks: { readonly [Kind in Task]: (waveform: HostTensor) => Promise<Answers[Kind]> } = {
    classify: async (waveform) => {
      const { scores, likeness } = await requireOpened().decider.classify(waveform);
      return { scores, likeness };
    },
    embed: async (waveform) => (await (await forEmbedding()).insight.look(waveform)).embedding,
    explain: async (waveform) => {
      const { insight, artifact } = await forExplanation();
      const { scores: own, attention, input_values: features } = await insight.look(waveform);
      const isCalibrated = Boolean(artifact.metadata.decisions?.calibration);
      const scores = isCalibrated ? (await requireOpened().decider.classify(waveform)).scores : own;
      return { scores, attention, features, places: inputPlaces(artifact, waveform.dims[1] ?? 0) };
    },
  };

  /** The last batch's, which the next is written over where it is as large. */
  let memory = new Float32Array();

  const compute = (task: Task, clips: readonly Float32Array[]): Promise<Answers[Task]> => {
    const { waveform, samples } = fillBatch(clips, undefined, memory);
    memory = waveform;
    return tasks[task]({ type: "float32", data: waveform, dims: [clips.length, samples] });
  };

  const close = async (): Promise<void> => {
    for (const insight of insights) await insight.close();
    await opened?.decider.close();
  };

  const answer = (request: Request) =>
    replyOf<unknown>(() => (request.kind === "close" ? close() : compute(request.kind, request.clips)));

  const post = async (reply: Promise<Reply<unknown>>): Promise<void> => parent.post(await reply);

  // One after another: a session is not released while it runs.
  let done = post(replyOf(open));
  parent.onMessage((request: Request) => {
    done = done.then(() => post(answer(request)));
  });
};
