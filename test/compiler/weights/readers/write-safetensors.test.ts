import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../../../compiler/weights/readers/open-checkpoint.ts";
import { type WritableTensor, writeSafetensors } from "../../../../compiler/weights/readers/write-safetensors.ts";
import { floats, temporaryFolder } from "./builders.ts";

const tensor = (name: string, fields: Partial<WritableTensor> = {}): WritableTensor => ({
  name,
  dtype: "float32",
  shape: [2],
  read: () => floats(1, 2),
  ...fields,
});

describe("writeSafetensors", () => {
  it("writes what the reader reads, every tensor aligned to its elements", () => {
    const path = join(temporaryFolder(), "model.safetensors");
    const flag = tensor("a.flag", { dtype: "bool", shape: [3], read: () => Uint8Array.of(1, 0, 1) });
    const scalar = tensor("z", { dtype: "float64", shape: [], read: () => Buffer.from(Float64Array.of(0.5).buffer) });
    const empty = tensor("empty", { shape: [0, 3], read: () => new Uint8Array() });
    writeSafetensors(path, [flag, tensor("ü"), scalar, empty], { format: "pt" });
    const { tensors, metadata } = openCheckpoint(path);
    expect([...metadata]).toStrictEqual([["format", "pt"]]);
    expect(
      [...tensors.values()].map(({ name, dtype, shape, readFloat32 }) => [name, dtype, shape, [...readFloat32()]]),
    ).toStrictEqual([
      ["z", "float64", [], [0.5]],
      ["empty", "float32", [0, 3], []],
      ["ü", "float32", [2], [1, 2]],
      ["a.flag", "bool", [3], [1, 0, 1]],
    ]);
    const headerBytes = readFileSync(path).readBigUInt64LE(0);
    expect(headerBytes % 8n).toBe(0n);
  });

  it.each([
    ["a name twice", [tensor("x"), tensor("x")], 'a tensor cannot be written: the name "x" is taken'],
    ["the metadata's name", [tensor("__metadata__")], 'a tensor cannot be written: the name "__metadata__" is taken'],
    ["a name that climbs", [tensor("../x")], 'a tensor cannot be written: the name "../x" looks like a path'],
    ["a negative dimension", [tensor("x", { shape: [-1] })], 'tensor "x" has an impossible shape [-1]'],
    ["missing bytes", [tensor("x", { shape: [3] })], 'tensor "x" has 8 bytes; its shape needs 12'],
  ])("refuses %s and leaves the file as it was", (_what, tensors, message) => {
    const folder = temporaryFolder();
    const path = join(folder, "model.safetensors");
    writeFileSync(path, "before");
    expect(() => writeSafetensors(path, tensors)).toThrow(`${path}: ${message}`);
    expect(readdirSync(folder)).toStrictEqual(["model.safetensors"]);
    expect(readFileSync(path, "utf8")).toBe("before");
  });

  it("says why the disk refuses", () => {
    const path = join(temporaryFolder(), "missing", "model.safetensors");
    expect(() => writeSafetensors(path, [tensor("x")])).toThrow(`${path}: cannot be written (ENOENT)`);
  });
});
