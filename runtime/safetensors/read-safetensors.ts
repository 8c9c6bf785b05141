/** Reads the header of a `.safetensors`; the values stay in the file until they are asked for. */
import { countSchema } from "../text/count-schema.ts";
import { bytesPerElement } from "../../compiler/artifact/element-types.ts";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import * as v from "valibot";
import { readFailure } from "../files/read-failure.ts";
import { elementCount, type ElementType, type StoredTensor } from "../artifact/stored-tensor.ts";
import { parseJson } from "../text/parse-json.ts";
import { UserError } from "../user-error.ts";
import { dtypes } from "./write-safetensors.ts";

export interface Safetensors {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: readonly StoredTensor[];
}

const elementTypes: ReadonlyMap<string, ElementType> = new Map(
  Object.entries(dtypes).map(([type, dtype]) => [dtype, type as ElementType]),
);

const field = v.object({
  dtype: v.string(),
  shape: v.array(countSchema),
  data_offsets: v.tuple([countSchema, countSchema]),
});
const headerSchema = v.objectWithRest({ __metadata__: v.optional(v.record(v.string(), v.string()), {}) }, field);

/** The format's own limit. */
const longestHeader = 100_000_000;

const readBytes = (file: number, length: number, position: number): Buffer => {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(file, bytes, 0, length, position));
};

const open = (path: string): number => {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw readFailure(path, error);
  }
};

/**
 * @throws UserError where the file cannot be read, is something else or cut short, or holds other types than float32, int32
 * and int64
 */
export const readSafetensors = (path: string): Safetensors => {
  const file = open(path);
  try {
    const { size } = fstatSync(file);
    const prefix = readBytes(file, 8, 0);
    const headerLength = prefix.length < 8 ? Infinity : Number(prefix.readBigUInt64LE());
    const isPossible = headerLength <= longestHeader && 8 + headerLength <= size;
    const header = isPossible ? parseJson(headerSchema, readBytes(file, headerLength, 8).toString("utf8")) : undefined;
    if (!header) throw new UserError("not-safetensors", { path }, "not a safetensors file, or cut short");
    const { __metadata__: metadata, ...fields } = header;
    const tensors = Object.entries(fields).map(([name, { dtype, shape: dims, data_offsets }]): StoredTensor => {
      const [begin, end] = data_offsets.map((offset) => 8 + headerLength + offset) as [number, number];
      const type = elementTypes.get(dtype);
      if (type === undefined) {
        throw new UserError(
          "element-type-unknown",
          { path, tensor: name, elementType: dtype },
          `${name} is ${dtype}; expected one of ${[...elementTypes.keys()].join(", ")}`,
        );
      }
      if (end > size)
        throw new UserError(
          "file-cut-short",
          { path, tensor: name },
          `the file is cut short: ${name} ends at byte ${end} of ${size}`,
        );
      if (end - begin !== elementCount(dims) * bytesPerElement[type]) {
        throw new UserError(
          "file-damaged",
          { path, tensor: name },
          `the file is damaged: ${name} has ${end - begin} bytes for ${dims.join(" x ")} values`,
        );
      }
      return { name, type, dims, storage: { kind: "external", path, offset: begin } };
    });
    return { metadata: new Map(Object.entries(metadata)), tensors };
  } finally {
    closeSync(file);
  }
};
