/** What a checkpoint's pickle can hold once it is read: Python's plain values and containers, storages, tensors, and inert objects for all else. */
import type { Refuse } from "./checkpoint-error.ts";
import type { DType } from "./dtype.ts";

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleBytes
  | PickleSequence<"list">
  | PickleSequence<"tuple">
  | PickleSequence<"set">
  | PickleDict
  | PickleGlobal
  | PickleStorage
  | PickleTensor
  | PickleObject;

/** Bytes are not loaded: where they are in the pickle. */
export interface PickleBytes {
  readonly kind: "bytes";
  readonly offset: number;
  readonly length: number;
}

interface PickleSequence<Kind extends "list" | "tuple" | "set"> {
  readonly kind: Kind;
  readonly items: PickleValue[];
}

export interface PickleDict {
  readonly kind: "dict";
  readonly items: (readonly [key: PickleValue, value: PickleValue])[];
}

/** A class or function by its name. One that the rules know has a `call`; what any other gives when it is called is an inert object. */
export interface PickleGlobal {
  readonly kind: "global";
  readonly name: string;
  readonly call?: (args: readonly PickleValue[], refuse: Refuse) => PickleValue;
}

export interface PickleStorage {
  readonly kind: "storage";
  readonly key: string;
  /** Of the elements; undefined where no reader here has the type. An untyped storage counts bytes; its tensors bring their types along. */
  readonly dtype: DType | undefined;
  /** Its Python class. */
  readonly className: string;
  readonly elements: number;
  readonly elementBytes: number;
}

/** A strided view of a storage, in elements; not yet checked against the storage's size. */
export interface PickleTensor {
  readonly kind: "tensor";
  readonly storage: PickleStorage;
  readonly dtype: DType;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/**
 * Stands for an object of any Python class, none of which is ever made: an optimizer's, a training script's options.
 * Of what it was built from only the items set on it are kept, as it may be a dictionary, and for classes that a rule knows
 * its arguments and state.
 */
export interface PickleObject {
  readonly kind: "object";
  readonly className: string;
  readonly items: (readonly [key: PickleValue, value: PickleValue])[];
  readonly args?: readonly PickleValue[];
  state?: PickleValue;
}

export const isKind = <Kind extends Exclude<PickleValue, null | boolean | number | bigint | string>["kind"]>(
  value: PickleValue | undefined,
  ...kinds: readonly Kind[]
): value is Extract<PickleValue, { readonly kind: Kind }> =>
  typeof value === "object" && value !== null && kinds.some((kind) => kind === value.kind);

export const inertObject = (className: string): PickleObject => ({ kind: "object", className, items: [] });
