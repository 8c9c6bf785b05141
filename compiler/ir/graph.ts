/** The intermediate representation: a single-assignment list of operators over named, typed values. Readonly data only. */
import type { Dim } from "../artifact/dim.ts";
import type { Distribution } from "../artifact/draws.ts";
import type { SourceSpan } from "../diagnostics/diagnostic.ts";
import type { Initializer } from "../../spec/dsl/initializers.ts";

export type DType = "float32" | "float16" | "int32" | "int64" | "bool";

export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

/** A tensor; its name is unique in the graph. */
export interface Value {
  readonly name: string;
  readonly type: TensorType;
}

/** A tensor that who runs the graph gives. */
export interface Input extends Value {
  /** What it is drawn from, where it is random. */
  readonly distribution?: Distribution;
}

/** "training": the forward pass of training where it is not inference's. */
export type Role = "forward" | "training" | "loss" | "recomputed" | "gradient" | "optimizer";

/** Which part of the spec a node came from, and what for. */
export interface Origin {
  /** Such as `blocks.3.residual1.attention`. */
  readonly path: string;
  readonly role: Role;
  readonly span?: SourceSpan | undefined;
  /** In a gradient: the operator that it differentiates, and what that one is for. */
  readonly gradientOf?: { readonly op: string; readonly role: Role };
}

export type Attribute = number | string | readonly number[] | readonly Dim[];
export type Attributes = Readonly<Record<string, Attribute>>;

export interface Node {
  /** A key of the operator table. */
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  readonly origin: Origin;
}

/** A tensor known at compile time. */
export interface Constant {
  readonly value: Value;
  /** float16: its bits. */
  readonly data: Float32Array | Uint16Array | Int32Array | BigInt64Array;
}

/**
 * A tensor that training replaces. A gradient lives from the batch that it is of to the update; a statistic is what the network
 * has seen of its batches: the stage of the gradients moves it, inference reads it, and no gradient is taken for it.
 */
export interface State {
  readonly value: Value;
  readonly kind: "parameter" | "statistic" | "gradient" | "optimizer";
  readonly initializer: Initializer | { readonly kind: "constant"; readonly value: number };
  /** Inputs per output, for initializers that scale with it. */
  readonly fanIn: number;
  /** What the next step finds in its place. */
  readonly next?: Value;
}

/** The state as a stage has it that leaves it as it is. */
export const unchanged = ({ value, kind, initializer, fanIn }: State): State => ({ value, kind, initializer, fanIn });

export interface Graph {
  readonly inputs: readonly Input[];
  readonly constants: readonly Constant[];
  readonly states: readonly State[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
}
