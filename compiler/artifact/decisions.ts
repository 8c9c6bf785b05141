/** How a graph's answers become decisions, and what that was measured on: of trained graphs alone. */
import * as v from "valibot";
import { type Immutable, list, number, oneOf, record, text, whole } from "./schemas.ts";

/** Clips that the model was not trained on. */
const measuredOnSchema = record({
  /** The data set's name. */
  data: text(),
  /** Those of the classes. */
  clips: whole(0, 1e9),
  /** Those of none of them. */
  background: whole(0, 1e9),
});

const share = number(0, 1);

/** One of each class, from which on it counts as heard. */
const thresholdsSchema = record({
  perClass: list(
    record({
      score: share,
      /** Of the class's detector there; null where too few clips decide it, and the score is the one for want of a better. */
      f1: v.nullable(share),
    }),
  ),
  measuredOn: measuredOnSchema,
});

/** What makes scores the chances that they look like: logits become scale * logit + offset. */
const calibrationSchema = record({
  /** "temperature": one scale for all classes and no offset (Guo et al. 2017); "platt": of each class its own (Platt 1999). */
  kind: oneOf("temperature", "platt"),
  /** [classes] */
  scales: list(number(1e-3, 1e3)),
  offsets: list(number(-1e3, 1e3)),
  /** Negative log-likelihood and expected calibration error, as they were, and as they are on clips that had no part in the fit. */
  before: record({ nll: number(0, 1e6), ece: share }),
  after: record({ nll: number(0, 1e6), ece: share }),
  measuredOn: measuredOnSchema,
});

/** What tells sounds of the classes from others: a clip whose score is below the point's is of none of them. */
const rejectionSchema = record({
  /** Of the logits, before they are calibrated: the log of the sum of their exponentials; or the highest score. */
  score: oneOf("energy", "highest-score"),
  /** What the points' rates are of: background clips that are taken for a class, or clips of classes that are rejected. */
  rateOf: oneOf("background", "classes"),
  points: v.pipe(
    list(
      record({
        rate: share,
        threshold: number(-1e30, 1e30),
        /** The share of background clips that are not rejected; null without such clips. */
        falseAlarms: v.nullable(share),
        /** The share of clips of the classes that are rejected. */
        misses: share,
      }),
    ),
    v.minLength(1, "a list of at least one"),
  ),
  measuredOn: measuredOnSchema,
});

/** Null: not measured. */
export const decisionsSchema = record({
  thresholds: v.nullable(thresholdsSchema),
  calibration: v.nullable(calibrationSchema),
  rejection: v.nullable(rejectionSchema),
});

export type Decisions = Immutable<v.InferOutput<typeof decisionsSchema>>;
export type Thresholds = NonNullable<Decisions["thresholds"]>;
export type Calibration = NonNullable<Decisions["calibration"]>;
export type Rejection = NonNullable<Decisions["rejection"]>;
export type MeasuredOn = Thresholds["measuredOn"];

/** @returns what is wrong for a graph of so many classes; undefined where nothing is */
export const decisionsMisfit = ({ thresholds, calibration }: Decisions, classes: number): string | undefined => {
  const lists = {
    "thresholds.perClass": thresholds?.perClass,
    "calibration.scales": calibration?.scales,
    "calibration.offsets": calibration?.offsets,
  };
  const misfit = Object.entries(lists).find(([, values]) => values !== undefined && values.length !== classes);
  return misfit && `${misfit[0]} is of ${misfit[1]?.length} classes, and the graph has ${classes}`;
};
