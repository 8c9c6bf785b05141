/** What an augmentation is to the compiler: one row, beside its builder in `spec/dsl/augmentation.ts`. */
import type { Report } from "../../diagnostics/report.ts";
import type { Value } from "../../ir/graph.ts";
import type { NormalizedFeatures, Settled } from "../../ir/normalized-spec.ts";
import type { Builder } from "../../ops/builder.ts";
import type { Augmentation } from "../../../spec/dsl/augmentation.ts";

/** A batch on its way to the network. */
export interface Batch {
  /** Waveforms [batch, samples], whose absent samples are at their ends, or normalised features [batch, frames, bins]. */
  readonly signal: Value;
  /** [batch, classes] */
  readonly targets: Value;
  /** Of features: the frames that are each clip's own, which come first, float32 [batch, 1]; undefined where all are. */
  readonly ownFrames?: Value | undefined;
}

export interface AugmentationRow<Written extends Augmentation> {
  /** What of the clips it changes. */
  readonly on: "waveform" | "features";
  /**
   * Fills in its defaults, and reports what is wrong.
   * @param features undefined where they are wrong themselves
   */
  settle(written: Written, features: NormalizedFeatures | undefined, report: Report): Settled<Written>;
  /** For people, as part of a list. */
  words(settings: Settled<Written>): string;
  /** What is random comes in by `b.draw`, and nobody else needs to know of it. */
  lower(b: Builder, batch: Batch, settings: Settled<Written>, features: NormalizedFeatures): Batch;
}
