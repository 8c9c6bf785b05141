/** What a stage of a model costs, for any batch and any length of clips. */
import * as v from "valibot";
import { type Dim, dimSchema, dimsSchema, evaluate, type Lengths, sum } from "./dim.ts";
import { type Immutable, record } from "./schemas.ts";

const stageCostSchema = record({
  /** Floating point operations. */
  flops: dimSchema,
  /** Bytes of all results of the stage's operators together, however many of them are held at once. */
  activationBytes: dimSchema,
  /** Bytes of the largest single result: the largest of these. */
  largestTensorBytes: dimsSchema,
});

/** null: a graph that does not train has no such stage. The gradients' stage has the forward pass that it goes back through. */
export const modelCostSchema = record({
  inference: stageCostSchema,
  gradients: v.nullable(stageCostSchema),
  update: v.nullable(stageCostSchema),
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

export const costFor = (cost: ModelCost, task: Task, extent: Extent): Cost => {
  const lengths = lengthsOf(extent);
  const stages = (task === "inference" ? [cost.inference] : [cost.gradients, cost.update]).filter(
    (each) => each !== null,
  );
  const total = (count: (stage: StageCost) => Dim): number => evaluate(sum(stages.map(count)), lengths);
  const largest = stages.flatMap(({ largestTensorBytes }) => largestTensorBytes);
  return {
    flops: total(({ flops }) => flops),
    activationBytes: total(({ activationBytes }) => activationBytes),
    largestTensorBytes: Math.max(0, ...largest.map((bytes) => evaluate(bytes, lengths))),
  };
};
