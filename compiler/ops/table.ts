/** The operator table: every operator of the intermediate representation is one row. */
import type { Dim } from "../artifact/dim.ts";
import type { Attributes, TensorType, Value } from "../ir/graph.ts";
import * as convolutions from "./convolutions.ts";
import * as elementwise from "./elementwise.ts";
import * as linear from "./linear.ts";
import * as normalizations from "./normalizations.ts";
import type { EmitArguments, EmitResult, Op, Precision, Provider } from "./op.ts";
import * as reductions from "./reductions.ts";
import * as shapes from "./shapes.ts";

export const ops = { ...elementwise, ...reductions, ...shapes, ...linear, ...convolutions, ...normalizations } as const;

type Ops = typeof ops;
export type OpName = keyof Ops;

/** One emitter per operator, plus constants: how lowering, gradient rules and passes write nodes. */
export type Emit = {
  readonly [Name in OpName]: Ops[Name] extends Op<infer O, infer A, infer R>
    ? (...operandsAndAttributes: EmitArguments<O, A>) => EmitResult<R>
    : never;
} & {
  /** A float32 constant without axes. */
  readonly scalar: (value: number) => Value;
  /** An int64 constant with one axis. */
  readonly int64s: (values: readonly number[]) => Value;
};

type Held = TensorType | readonly TensorType[] | undefined;

/** A row as passes see it, whatever its operands. */
export interface AnyOp {
  readonly operands: readonly string[];
  readonly results?: readonly string[];
  infer(types: Readonly<Record<string, Held>>, attributes: Attributes): TensorType | readonly TensorType[];
  readonly gradient: AnyGradientRule | "zero" | "none";
  flops(types: Readonly<Record<string, Held>>, results: readonly TensorType[], attributes: Attributes): Dim;
  readonly isView?: true;
  readonly onnx: {
    readonly type: string;
    readonly since: number;
    readonly inputs?: readonly string[];
    readonly infers?: string;
    readonly hidden?: readonly string[];
    readonly asFloats?: readonly string[];
  };
  readonly precision: Precision;
  readonly kernels: readonly Provider[];
}

type AnyGradientRule = {
  rule(
    call: {
      readonly in: Readonly<Record<string, Value | readonly Value[] | undefined>>;
      readonly out: Readonly<Record<string, Value>>;
      readonly outs: readonly Value[];
      readonly attributes: Attributes;
      readonly dy: Value;
      readonly dys: readonly (Value | undefined)[];
    },
    b: Emit,
  ): Readonly<Record<string, () => Value | readonly Value[]>>;
}["rule"];

const rows = ops as unknown as Readonly<Record<string, AnyOp>>;

/** The row of an operator by name. */
export const findOp = (name: string): AnyOp => {
  const row = rows[name];
  if (!row) throw new Error(`no operator ${name}`);
  return row;
};

/** Values or types of a node by operand name. */
export const byOperand = <T>(
  { operands }: AnyOp,
  inputs: readonly (T | undefined)[],
): Readonly<Record<string, T | readonly T[] | undefined>> =>
  Object.fromEntries(
    operands.map((operand, index) =>
      operand.startsWith("...")
        ? [operand.slice(3), inputs.slice(index).filter((input) => input !== undefined)]
        : [operand.replace("?", ""), inputs[index]],
    ),
  );
