import { describe, expect, it } from "vitest";
import { readOrtCheckpoint } from "../../../../compiler/artifact/ort-checkpoint.ts";
import { CheckpointError, refuseAt } from "../../../../compiler/weights/readers/checkpoint-error.ts";
import { failure, open } from "./builders.ts";
import { savedCheckpoint, type SavedTensor } from "./saved-checkpoint.ts";

const tensor = (name: string, ...values: readonly number[]): SavedTensor => ({
  name,
  shape: [values.length],
  values: Float32Array.from(values),
});
const whole = { trained: [tensor("a.weight", 1, 2, 3)], frozen: [tensor("a.bias", 4)] };
const bytes = savedCheckpoint({ ...whole, texts: [["specgraph.classes", '["no","ja, ö"]']] });

/** The file with one text in the place of another of as many bytes. */
const replaced = (from: string, to: string): Buffer => {
  const at = bytes.lastIndexOf(from);
  expect(at).toBeGreaterThan(0);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(to, "latin1"), bytes.subarray(at + to.length)]);
};

/** Where the first tensor's values are. */
const valuesAt = bytes.indexOf(Buffer.from(Float32Array.of(1, 2, 3).buffer));

/** The file, in which these values would be so many bytes. */
const withLength = (length: number): Buffer => {
  const changed = Buffer.from(bytes);
  changed.writeUInt32LE(length, valuesAt - 4);
  return changed;
};

describe("a checkpoint of ONNX Runtime's training API", () => {
  it("gives trained parameters, frozen ones and texts; the optimizer's moments are left alone", () => {
    const { format, tensors, metadata } = open(bytes);
    expect(format).toBe("onnx-checkpoint");
    expect(
      [...tensors.values()].map(({ name, shape, readFloat32 }) => [name, shape, [...readFloat32()]]),
    ).toStrictEqual([
      ["a.weight", [3], [1, 2, 3]],
      ["a.bias", [1], [4]],
    ]);
    expect([...metadata]).toStrictEqual([["specgraph.classes", '["no","ja, ö"]']]);
  });

  it.each([
    [
      "another version",
      savedCheckpoint({ ...whole, version: 1 }),
      "FILE: is an ONNX Runtime checkpoint of version 1; version 2 is read",
    ],
    [
      "no version",
      savedCheckpoint({ ...whole, version: 0 }),
      "FILE: is an ONNX Runtime checkpoint of version 0; version 2 is read",
    ],
    [
      "names alone",
      savedCheckpoint({ ...whole, isNominal: true }),
      "FILE: is a nominal checkpoint of ONNX Runtime, which names parameters and has no values",
    ],
    [
      "values elsewhere",
      savedCheckpoint({ ...whole, hasExternalData: true }),
      "FILE: is an ONNX Runtime checkpoint whose values are in another file; those of less than 2 GB are read",
    ],
    [
      "no parameters",
      savedCheckpoint({ ...whole, hasModule: false }),
      "FILE: is an ONNX Runtime checkpoint without parameters",
    ],
    ["no parameter", savedCheckpoint({ trained: [] }), "FILE: holds no tensors"],
    [
      "a tensor twice",
      savedCheckpoint({ trained: [tensor("a", 1)], frozen: [tensor("a", 2)] }),
      'FILE: has two tensors named "a"',
    ],
    [
      "a property twice",
      savedCheckpoint({
        ...whole,
        texts: [
          ["a", "1"],
          ["a", "2"],
        ],
      }),
      'FILE: has two properties named "a"',
    ],
    [
      "a name that looks like a path",
      savedCheckpoint({ trained: [tensor("../a", 1)] }),
      'FILE: a tensor is refused: the name "../a" looks like a path',
    ],
    [
      "a type that is no weight's",
      savedCheckpoint({ trained: [{ ...tensor("a", 1), type: 8 }] }),
      'FILE: tensor "a" has elements of ONNX\'s type 8, which are no weights',
    ],
    [
      "a shape that is not that of its values",
      savedCheckpoint({ trained: [{ ...tensor("a", 1), shape: [2, 3] }] }),
      'FILE: tensor "a" has 4 bytes; its shape [2, 3] of float32 needs 24',
    ],
    [
      "a negative shape",
      savedCheckpoint({ trained: [{ ...tensor("a", 1), shape: [-1] }] }),
      'FILE: tensor "a" has an impossible shape [-1]',
    ],
    [
      "a shape of a thousand dimensions",
      savedCheckpoint({ trained: [{ ...tensor("a", 1), shape: Array.from({ length: 1000 }, () => 1) }] }),
      'FILE: is damaged or cut short: the shape of tensor "a" would have 1000 dimensions; expected 32 at most',
    ],
    [
      "a name of 5000 characters",
      savedCheckpoint({ trained: [tensor("a".repeat(5000), 1)] }),
      "FILE: is damaged or cut short: a tensor's name would have 5000 bytes; expected 4096 at most",
    ],
    [
      "a name that is not UTF-8",
      replaced("a.weight", "a.wei\xff\xfft"),
      "FILE: is damaged or cut short: a tensor's name is not UTF-8",
    ],
    [
      "a list that ends beyond the file",
      withLength(0xffff_fff0),
      `FILE: is damaged or cut short: the values of tensor "a.weight" would have 4294967280 entries at byte ${valuesAt - 4} of ${bytes.length}`,
    ],
    [
      "a root beyond the file",
      Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff]), bytes.subarray(4)]),
      `FILE: is damaged or cut short: the checkpoint would be at byte 4294967295 of ${bytes.length}`,
    ],
    [
      "a root that is the file's beginning",
      Buffer.concat([Buffer.alloc(4), bytes.subarray(4)]),
      "FILE: is damaged or cut short: the table of the checkpoint would have 0 bytes",
    ],
    [
      "a head alone",
      bytes.subarray(0, 8),
      `FILE: is damaged or cut short: the checkpoint would be at byte ${bytes.readUInt32LE()} of 8`,
    ],
    [
      "another identifier",
      savedCheckpoint({ ...whole, identifier: "ORTM" }),
      "FILE: is a model in ONNX Runtime's own format; expected the weights it was made from",
    ],
  ])("refuses %s", (_, file, message) => {
    expect(failure(file)).toBe(message);
  });

  it("refuses tensors that claim more bytes together than the file has", () => {
    const values = new Float32Array(1000);
    const frozen = Array.from({ length: 5 }, (_, index) => ({ name: `${index}`, shape: [1000], values }));
    expect(failure(savedCheckpoint({ trained: [], frozen: frozen.slice(0, 1) }))).toBe("no error");
    expect(failure(savedCheckpoint({ trained: [], frozen }))).toBe(
      "FILE: is damaged: its tensors lie over one another",
    );
  });

  it("gives its tensors or one message, whatever byte is wrong, and however short it is cut", () => {
    const isOutcome = (found: unknown): boolean => Array.isArray(found) || found instanceof CheckpointError;
    const attempt = (file: Buffer, read: (file: Buffer) => unknown): unknown => {
      try {
        return read(file);
      } catch (error) {
        return error;
      }
    };
    const fromMemory = (file: Buffer): unknown => {
      const read = (offset: number, length: number): Buffer => {
        expect(offset + length).toBeLessThanOrEqual(file.length);
        return file.subarray(offset, offset + length);
      };
      return readOrtCheckpoint({ size: file.length, read }, refuseAt("FILE")).tensors;
    };
    const fromFile = (file: Buffer): unknown => [...open(file).tensors.values()].map((tensor) => tensor.readFloat32());
    for (let at = 0; at < bytes.length; at += 1) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(value, at);
        expect(attempt(changed, at % 23 === 0 ? fromFile : fromMemory)).toSatisfy(isOutcome);
      }
      expect(attempt(bytes.subarray(0, at), fromMemory)).toSatisfy(isOutcome);
    }
  });
});
