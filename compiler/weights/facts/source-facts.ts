/** What is known of a checkpoint beyond its tensors: from its layout, its metadata and the files beside it. */
import type { ArtifactMetadata } from "../../artifact/metadata.ts";
import type { Filters, Geometry } from "./geometry.ts";

/** The features that a checkpoint was trained on. */
export interface SourceFeatures {
  /** The file that tells. */
  readonly file: string;
  /** (x - mean) * scale. */
  readonly mean: number;
  readonly scale: number;
  readonly bins: number;
  readonly frames: number;
  readonly sampleRateHz: number;
  readonly frameLengthSamples: number;
  readonly frameShiftSamples: number;
  /** Of the filter bank and before it, as far as it is told. */
  readonly filters: Partial<Filters>;
}

export type PatchOrder = "frequencyFirst" | "timeFirst";

export interface SourceFacts extends Partial<
  Pick<Geometry, "grid" | "positions" | "heads" | "norm" | "pooling" | "classifier">
> {
  /** Of the patches, and of the axes of their kernels. */
  readonly order?: PatchOrder;
  /** By row of its classifier; or, to be read after the file's name, why those that it is told by cannot be used. */
  readonly classNames?: readonly string[] | string;
  /** What its classifier was trained for. */
  readonly objective?: ArtifactMetadata["objective"];
  /** Of its blocks: the spec's name of it, or another's. */
  readonly activation?: string;
  readonly features?: SourceFeatures;
  /** Of every layer norm. */
  readonly layerNormEps?: number;
  /** What cannot be told. */
  readonly warnings?: readonly string[];
}
