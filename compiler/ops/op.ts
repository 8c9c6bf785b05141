/** What an operator declares. Passes ask rows; they never name operators. */
import type { Dim } from "../artifact/dim.ts";
import type { Attributes, DType, TensorType, Value } from "../ir/graph.ts";
import type { Emit } from "./table.ts";

export type Precision = "half" | "full" | "follow";
export type Provider = "cpu" | "cuda" | "webgpu";
export const everywhere: readonly Provider[] = ["cpu", "cuda", "webgpu"];

/** Operand names carry their kind: "x", "bias?" (may be absent), "...parts" (any number). */
type OperandName<S> = S extends `...${infer Name}` ? Name : S extends `${infer Name}?` ? Name : S;
type Held<S, T> = S extends `...${string}` ? readonly T[] : S extends `${string}?` ? T | undefined : T;
type ByName<O extends readonly string[], T> = { readonly [S in O[number] as OperandName<S> & string]: Held<S, T> };
export type NoAttributes = Readonly<Record<never, never>>;

/** What a gradient rule sees of the node it differentiates. */
export interface Call<O extends readonly string[], A, R extends readonly string[]> {
  readonly in: ByName<O, Value>;
  readonly out: { readonly [Name in R[number]]: Value };
  readonly outs: readonly Value[];
  readonly attributes: A;
  /** The loss's gradient with respect to the first result. */
  readonly dy: Value;
  /** The same for every result; absent where the loss does not depend on it. */
  readonly dys: readonly (Value | undefined)[];
}

type GradientRule<O extends readonly string[], A, R extends readonly string[]> = {
  // A method, so that rows of every operator fit one table.
  rule(call: Call<O, A, R>, b: Emit): { readonly [Name in keyof ByName<O, Value>]?: () => Value | readonly Value[] };
}["rule"];

/** One operator. An ONNX operator of version `onnx.since` in the default domain, under its name in camelCase. */
export interface Op<
  O extends readonly string[],
  A extends Attributes = NoAttributes,
  R extends readonly string[] = readonly ["y"],
> {
  readonly operands: O;
  /** Default ["y"]; "...": as many as `infer` gives. */
  readonly results?: R;
  /** The results' types. Throws `TypeRuleError` when the operands do not fit. */
  infer(types: ByName<O, TensorType>, attributes: A): TensorType | readonly TensorType[];
  /**
   * Per operand, the gradient with respect to it, built only on demand; shapes may still be broadcast.
   * "zero": flat wherever it is differentiable, or an integer. "none": not known; asking for it is an error.
   */
  readonly gradient: GradientRule<O, A, R> | "zero" | "none";
  /** Floating point operations. */
  flops(types: ByName<O, TensorType>, results: readonly TensorType[], attributes: A): Dim;
  /** The result is the first operand's bytes under another shape, and takes no memory of its own. */
  readonly isView?: true;
  readonly onnx: {
    readonly type: string;
    readonly since: number;
    /** ONNX's inputs where they are not just the operands: operands, and attributes that ONNX takes as int64 tensors. */
    readonly inputs?: readonly (OperandName<O[number]> | (keyof A & string))[];
    /** Of those attributes the one of whose lengths ONNX infers one that only a run knows. */
    readonly infers?: keyof A & string;
    /** Attributes that ONNX does not have. */
    readonly hidden?: readonly (keyof A & string)[];
    /** Attributes that ONNX stores as float. */
    readonly asFloats?: readonly (keyof A & string)[];
  };
  /**
   * What it computes in where training is in mixed precision, after `torch.autocast`'s lists. "half": float16.
   * "full": float32, and so its gradient: it sums many numbers, leaves float16's range or cancels its digits.
   * "follow": float16 where all its float operands are (scalar constants adapt), otherwise float32.
   */
  readonly precision: Precision;
  /** ONNX Runtime's execution providers (1.30) with a kernel for it. WebGPU's compute with float32, float16 and int32, not int64. */
  readonly kernels: readonly Provider[];
}

/** Arguments of an operator's emitter: operands in order, then attributes if there are any. */
export type EmitArguments<O extends readonly string[], A> = [
  ...operands: { -readonly [I in keyof O]: Held<O[I], Value> },
  ...attributes: keyof A extends never ? [] : [attributes: A],
];
export type EmitResult<R extends readonly string[]> = R extends readonly ["y"]
  ? Value
  : R extends readonly ["..."]
    ? readonly Value[]
    : { readonly [Name in R[number]]: Value };

/** The operands do not fit the operator; the verifier and the builder add where. */
export class TypeRuleError extends Error {
  override readonly name = "TypeRuleError";
}

export const tensor = (dtype: DType, shape: TensorType["shape"]): TensorType => ({ dtype, shape });
