/** What a checkpoint's pickle can hold once it is read: Python's plain values and containers, storages and tensors. */
import type { DType } from "./dtype.ts";

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleSequence<"list">
  | PickleSequence<"tuple">
  | PickleSequence<"set">
  | PickleDict
  | PickleGlobal
  | PickleStorage
  | PickleTensor
  | PickleOther;

interface PickleSequence<Kind extends "list" | "tuple" | "set"> {
  readonly kind: Kind;
  readonly items: PickleValue[];
}

export interface PickleDict {
  readonly kind: "dict";
  readonly items: (readonly [key: PickleValue, value: PickleValue])[];
}

/** A global that the table knows; one without `call` may be named but not called. */
export interface PickleGlobal {
  readonly kind: "global";
  readonly name: string;
  readonly call?: (args: readonly PickleValue[], refuse: Refuse) => PickleValue;
}

export interface PickleStorage {
  readonly kind: "storage";
  readonly key: string;
  /** An untyped storage counts bytes; its tensors bring their types along. */
  readonly dtype: DType | "untyped";
  readonly elements: number;
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

/** Something harmless that no reader needs, such as a device. */
interface PickleOther {
  readonly kind: "other";
}

/** Ends the reading with a message that says where in the pickle. */
export type Refuse = (what: string) => never;

export const isKind = <
  Kind extends Exclude<PickleValue, Uint8Array | null | boolean | number | bigint | string>["kind"],
>(
  value: PickleValue | undefined,
  ...kinds: readonly Kind[]
): value is Extract<PickleValue, { readonly kind: Kind }> =>
  typeof value === "object" && value !== null && "kind" in value && kinds.some((kind) => kind === value.kind);
