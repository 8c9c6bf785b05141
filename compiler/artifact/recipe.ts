/** How training proceeds, from the spec's `training`: the defaults of `runtime train`. */
import * as v from "valibot";
import { count, type Immutable, length, list, number, oneOf, range, record, size, text, whole } from "./schemas.ts";

const warmupSchema = record({
  /**
   * "linear": rises from 0 over so many steps. "reference": as the authors' code, in jumps every 50 steps, and until its end it
   * undoes what the schedule has done.
   */
  kind: oneOf("linear", "reference"),
  steps: length,
});
const warmup = v.nullable(warmupSchema);

const scheduleSchema = v.variant(
  "kind",
  [
    record({ kind: v.literal("constant"), warmup }),
    /** Times `factor` after each of these numbers of finished epochs. */
    record({ kind: v.literal("multiStep"), milestones: list(length), factor: number(0, 1e9), warmup }),
    /** Half a cosine over the whole training, down to `to` times the first rate. */
    record({ kind: v.literal("cosine"), to: number(0, 1), warmup }),
  ],
  "one of the kinds constant, multiStep, cosine",
);

const figureSchema = oneOf("accuracy", "mAP", "loss");

export const recipeSchema = record({
  learningRate: number(0, 1e9),
  schedule: scheduleSchema,
  /** Clips per optimizer step. */
  batch: count,
  /** Parts in which a step's clips are computed, one after the other, to save memory; 1: all at once. */
  accumulate: count,
  /** Bytes of memory that training may take, by its plan of what is computed anew; missing: as pays for most. */
  memoryBytes: v.exactOptional(size),
  epochs: length,
  seed: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  /** "mixed-float16" needs a device that computes in float16. */
  precision: oneOf("float32", "mixed-float16"),
  /** Optimizer steps in one call of the runtime; null: the runtime decides by device. */
  stepsPerRun: v.nullable(count),
  /** How an epoch draws its clips: each once in random order, or as many with replacement, those of rare classes more often. */
  sampling: oneOf("shuffled", "balanced"),
  /** What is done to the clips at random, in words; what is drawn for it stands with the metadata's draws. */
  augmentation: list(text()),
  /** Epochs, both ends included, whose parameters are averaged after training; null: none. */
  averaging: v.nullable(range(length)),
  /** The figure whose best epoch is kept. */
  bestBy: figureSchema,
  /** Ends training when the figure has not become better for so many epochs; null: never. */
  earlyStopping: v.nullable(record({ figure: figureSchema, patience: length })),
});

export type Recipe = Immutable<v.InferOutput<typeof recipeSchema>>;
/** The learning rate over time. The runtime computes it and feeds it to each step. */
export type Schedule = Recipe["schedule"];
export type Warmup = Immutable<v.InferOutput<typeof warmupSchema>>;
/** A figure of the evaluation that tells which epoch is better: the higher, or the lower loss. */
export type Figure = Recipe["bestBy"];
