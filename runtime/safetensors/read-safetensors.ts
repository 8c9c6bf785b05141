/** Reads the header of a `.safetensors`; the values stay in the file until they are asked for. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { bytesPerElement } from "../../compiler/artifact/element-types.ts";
import {
  readSafetensorsHeader,
  type SafetensorsProblem,
  type SafetensorsType,
} from "../../compiler/artifact/safetensors.ts";
import { readFailure } from "../files/read-failure.ts";
import { openDataFile } from "../artifact/open-data-file.ts";
import type { ElementType, StoredTensor } from "../artifact/stored-tensor.ts";
import { type Facts, UserError } from "../user-error.ts";
import { dtypes } from "./write-safetensors.ts";

export interface Safetensors {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: readonly StoredTensor[];
}

const types: ReadonlyMap<string, SafetensorsType<ElementType>> = new Map(
  (Object.keys(dtypes) as ElementType[]).map((type) => [dtypes[type], { type, bytes: bytesPerElement[type] }]),
);

const open = (path: string): number => {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw readFailure(path, error);
  }
};

/** What a header is refused for, as failures; details of a file that is something else are of no use to who named it. */
const failures: {
  readonly [Code in SafetensorsProblem["code"]]: (facts: Facts, message: string) => UserError;
} = {
  "not-safetensors": (facts) => new UserError("not-safetensors", facts, "not a safetensors file, or cut short"),
  "file-damaged": (facts, message) => new UserError("file-damaged", facts, `the file is damaged: ${message}`),
  "file-cut-short": (facts, message) => new UserError("file-cut-short", facts, message),
  "element-type-unknown": (facts, message) => new UserError("element-type-unknown", facts, message),
};

const refuse = (path: string, { code, tensor, message }: SafetensorsProblem): never => {
  throw failures[code]({ path, tensor }, message);
};

/**
 * @throws UserError where the file cannot be read, is something else, damaged or cut short, or holds other types than float32,
 * int32 and int64
 */
export const readSafetensors = (path: string): Safetensors => {
  const file = open(path);
  try {
    const read = (offset: number, length: number): Uint8Array => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
    };
    const source = { size: fstatSync(file).size, read };
    const data = openDataFile(path, source.size);
    const { metadata, tensors } = readSafetensorsHeader(source, types, (problem) => refuse(path, problem));
    return {
      metadata,
      tensors: tensors.map(({ name, type, shape: dims, offset }): StoredTensor => {
        return { name, type, dims, storage: { kind: "external", file: data, offset } };
      }),
    };
  } finally {
    closeSync(file);
  }
};
