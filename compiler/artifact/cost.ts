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
export const nodeBytes = 120e6;

/** What a process takes beside its graph: `runtime infer` of a clip, and `runtime train` with what loads clips, and the report. */
const processBytes: Readonly<Record<Task, number>> = { inference: nodeBytes, training: nodeBytes + 80e6 };

/** What ONNX Runtime's arena takes for each byte that is held in it: its pieces fit one another in part. */
const arenaShare = 1.2;

/** Bytes that ONNX Runtime takes for results, about. */
export const arenaBytes = (cost: ModelCost, task: Task, extent: Extent): number =>
  arenaShare * costFor(cost, task, extent).peakBytes;

/** The same of a session of ONNX Runtime for Node.js, on the CPU. */
const tiledBytes = (cost: ModelCost, task: Task, extent: Extent): number =>
  task === "inference" && cost.tiledPeakBytes
    ? arenaShare * largest(cost.tiledPeakBytes, lengthsOf(extent))
    : arenaBytes(cost, task, extent);

/** A training evaluates as many clips at once, in a session of its own. */
const tasksWithin = { inference: ["inference"], training: ["inference", "training"] } as const;

/** While a graph is opened for inference, there are four of the parameters that are in its file: the file's, those given to ONNX Runtime, the read ones', its own. */
const copies = ({ stateBytes }: ModelCost, task: Task): number =>
  task === "inference" && stateBytes.inference <= inlineLimitBytes ? 4 : 1;

/** Bytes of the machine's memory that a process takes at the most for a task on the CPU, about. */
export const predictMemory = (cost: ModelCost, task: Task, extent: Extent): number => {
  const held = tasksWithin[task].reduce((bytes, each) => bytes + tiledBytes(cost, each, extent), 0);
  return Math.round(processBytes[task] + copies(cost, task) * cost.stateBytes[task] + held);
};
