/** What every plan works with: the checkpoint, the spec's needs, and the tensors of the one that fit the other. */
import { printShape } from "../ir/shape.ts";
import type { Checkpoint } from "../../spec/dsl/pretrained.ts";
import type { Grid } from "../ir/flow.ts";
import type { Geometry } from "./facts/geometry.ts";
import type { ClassMatch } from "./match-classes.ts";
import type { MatchedCheckpoint } from "./match-layout.ts";
import type { MatchedTensor } from "./sort-tensors.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";

export type ImportOptions = Omit<Checkpoint, "kind" | "file">;

export interface ImportContext {
  readonly source: MatchedCheckpoint;
  readonly target: Geometry;
  readonly options: ImportOptions;
  /** Where both have a classifier of one form: its name in the reference, or its own. undefined: they do not. */
  readonly classifier: string | undefined;
  /** undefined: the checkpoint has no classifier of the spec's form. */
  readonly classes: ClassMatch | undefined;
}

export interface Plan {
  /** @param initial the values that the parameter would start from, for parts that the checkpoint does not have */
  readonly read: (initial: () => Float32Array) => Float32Array;
  /** Names in the file. */
  readonly from: readonly string[];
  /** What was done to the values, where they were not just copied. */
  readonly note?: string;
  /** What was taken for granted. */
  readonly warning?: string;
}

export const printGrid = ({ rows, columns }: Grid): string => `${rows}x${columns}`;
const nameOf = ({ from }: MatchedTensor): string => from.join(" + ");

/** Of the patches in the file. */
export const sourceOrder = ({ options, source }: ImportContext): "frequencyFirst" | "timeFirst" =>
  options.order ?? source.facts.order ?? "frequencyFirst";

export const requireTensor = ({ source }: ImportContext, name: string): MatchedTensor => {
  const tensor = source.tensors.get(name);
  if (tensor) return tensor;
  throw new CheckpointError(source.path, `has no tensor for ${name} (as official AST names it), which the spec needs`);
};

/** The tensor, whose shape is that of the parameter, except in the axes that are adapted. */
export const requireShape = (
  context: ImportContext,
  name: string,
  shape: readonly (number | undefined)[],
): MatchedTensor => {
  const tensor = requireTensor(context, name);
  const fits =
    tensor.shape.length === shape.length &&
    shape.every((length, axis) => (length ?? tensor.shape[axis]) === tensor.shape[axis]);
  if (fits) return tensor;
  const expected = `[${shape.map((length) => length ?? "any").join(", ")}]`;
  throw new CheckpointError(
    context.source.path,
    `${nameOf(tensor)} has shape ${printShape(tensor.shape)}, but the spec's is ${expected}`,
  );
};
