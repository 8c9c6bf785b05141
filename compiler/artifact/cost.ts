/** What a stage of a model costs, for any batch and any length of clips. */
import * as v from "valibot";
import { type Dim, dimSchema, dimsSchema, evaluate, type Lengths, sum } from "./dim.ts";
import { inlineLimitBytes } from "./external-data.ts";
import { type Immutable, record, size } from "./schemas.ts";

const stageCostSchema = record({
  /** Floating point operations. */
  flops: dimSchema,
  /** Bytes of all results of the stage's operators together, however many of them are held at once. */
  activationBytes: dimSchema,
  /** Bytes of the largest single result: the largest of these. */
  largestTensorBytes: dimsSchema,
  /** Bytes of the results that are held at once, at the most: the largest of these. */
  peakBytes: dimsSchema,
});

/** null: a graph that does not train has no such stage. The gradients' stage has the forward pass that it goes back through. */
export const modelCostSchema = record({
  inference: stageCostSchema,
  /** Bytes of inference's results that are held at once where attention is computed tile by tile, as the runtime does on the CPU. */
  tiledPeakBytes: v.optional(dimsSchema),
  gradients: v.nullable(stageCostSchema),
  update: v.nullable(stageCostSchema),
  /** Bytes of the states that inference reads, and of all that training has. */
  stateBytes: record({ inference: size, training: size }),
});

export type StageCost = Immutable<v.InferOutput<typeof stageCostSchema>>;
export type ModelCost = Immutable<v.InferOutput<typeof modelCostSchema>>;

/** How many clips are computed at once, and the samples that each of them has. */
export interface Extent {
  readonly batch: number;
  readonly samples: number;
}

export type Cost = { readonly [Figure in keyof StageCost]: number };

/** One iteration of training on all clips at once: the gradients, and then the update. */
export type Task = "inference" | "training";

/** Clips that are drawn for others are taken to be as long. */
export const lengthsOf = ({ batch, samples }: Extent): Lengths => ({ batch, samples, drawn_samples: samples });

const largest = (counts: readonly Dim[], lengths: Lengths): number =>
  Math.max(0, ...counts.map((bytes) => evaluate(bytes, lengths)));

export const costFor = (cost: ModelCost, task: Task, extent: Extent): Cost => {
  const lengths = lengthsOf(extent);
  const stages = (task === "inference" ? [cost.inference] : [cost.gradients, cost.update]).filter(
    (each) => each !== null,
  );
  const total = (count: (stage: StageCost) => Dim): number => evaluate(sum(stages.map(count)), lengths);
  return {
    flops: total(({ flops }) => flops),
    activationBytes: total(({ activationBytes }) => activationBytes),
    largestTensorBytes: largest(
      stages.flatMap(({ largestTensorBytes }) => largestTensorBytes),
      lengths,
    ),
    // Each stage's session keeps what it has once held.
    peakBytes: stages.map(({ peakBytes }) => largest(peakBytes, lengths)).reduce((held, peak) => held + peak, 0),
  };
};

/** What Node.js takes with ONNX Runtime (1.30), before a graph is opened, as measured on Linux x64. */
const nodeBytes = 120e6;

/** What two sessions of ONNX Runtime take for a training's nodes, and the graph that they are opened with. */
const trainingSessionsBytes = 30e6;

/** What loads clips, and the report. */
const runBytes = 80e6;

/** What ONNX Runtime's arena takes for each byte that is held in it: its pieces fit one another in part. */
const arenaShare = 1.2;

/** Bytes that ONNX Runtime takes for results, about. */
export const arenaBytes = (cost: ModelCost, task: Task, extent: Extent): number =>
  arenaShare * costFor(cost, task, extent).peakBytes;

/** The same of inference in a session of ONNX Runtime for Node.js, on the CPU. */
const tiledInferenceBytes = (cost: ModelCost, extent: Extent): number =>
  cost.tiledPeakBytes
    ? arenaShare * largest(cost.tiledPeakBytes, lengthsOf(extent))
    : arenaBytes(cost, "inference", extent);

/**
 * Bytes of parameters and other states. Of parameters that are in the graph's own file there are three while it is opened for inference:
 * the file's, what ONNX Runtime takes of it, and what it packs of that; in training the file's stay beside the states.
 */
const stateBytesOf = ({ stateBytes }: ModelCost, task: Task): number => {
  const isInline = stateBytes.inference <= inlineLimitBytes;
  if (task === "inference") return (isInline ? 3 : 1) * stateBytes.inference;
  return stateBytes.training + (isInline ? stateBytes.inference : 0);
};

/** Bytes that steps take by themselves, in a process that neither loads clips nor evaluates, about. */
export const predictStepMemory = (cost: ModelCost, extent: Extent): number =>
  nodeBytes + trainingSessionsBytes + stateBytesOf(cost, "training") + arenaBytes(cost, "training", extent);

/** Bytes of the machine's memory that a process takes at the most for a task on the CPU, about: `runtime infer` of clips, or `runtime train`. */
export const predictMemory = (cost: ModelCost, task: Task, extent: Extent): number => {
  const inference = tiledInferenceBytes(cost, extent);
  // A training evaluates as many clips at once, in a session of its own.
  if (task === "training") return Math.round(predictStepMemory(cost, extent) + runBytes + inference);
  return Math.round(nodeBytes + stateBytesOf(cost, task) + inference);
};
