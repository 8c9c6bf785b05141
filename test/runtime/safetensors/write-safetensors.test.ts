import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openCheckpoint } from "../../../compiler/weights/readers/open-checkpoint.ts";
import { type WritableTensor, writeSafetensors } from "../../../runtime/safetensors/write-safetensors.ts";
import { temporaryFolder } from "../../compiler/weights/readers/builders.ts";

const tensor = (name: string, shape: readonly number[], ...values: readonly number[]): WritableTensor => ({
  name,
  shape,
  read: () => Float32Array.from(values),
});

test("what is written is read back, in the order of the names", async () => {
  const path = join(temporaryFolder(), "model.safetensors");
  const whole = Float32Array.of(9, 5, 6, 9);
  const part = { name: "a.part", shape: [2], read: () => Promise.resolve(whole.subarray(1, 3)) };
  const tensors = [tensor("z", [], 0.5), tensor("ü", [2, 1], 1, 2), part, tensor("empty", [0, 3])];
  await writeSafetensors(path, tensors, { format: "pt" });
  const { tensors: read, metadata } = openCheckpoint(path);
  expect([...metadata]).toStrictEqual([["format", "pt"]]);
  expect(
    [...read.values()].map(({ name, dtype, shape, readFloat32 }) => [name, dtype, shape, ...readFloat32()]),
  ).toStrictEqual([
    ["a.part", "float32", [2], 5, 6],
    ["empty", "float32", [0, 3]],
    ["z", "float32", [], 0.5],
    ["ü", "float32", [2, 1], 1, 2],
  ]);
  expect(readFileSync(path).readBigUInt64LE(0) % 8n).toBe(0n);
});

test("one tensor is in memory at a time", async () => {
  const path = join(temporaryFolder(), "model.safetensors");
  let inMemory = 0;
  const read = async (): Promise<Float32Array> => {
    inMemory += 1;
    expect(inMemory).toBe(1);
    await Promise.resolve();
    inMemory -= 1;
    return Float32Array.of(1);
  };
  await writeSafetensors(
    path,
    ["a", "b", "c"].map((name) => ({ name, shape: [1], read })),
    {},
  );
  expect(openCheckpoint(path).tensors.size).toBe(3);
});

test("a failure leaves the file as it was", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "model.safetensors");
  writeFileSync(path, "before");
  await expect(writeSafetensors(path, [tensor("a", [1], 1), tensor("x", [3], 1, 2)], {})).rejects.toThrow(
    "x has 8 bytes; its shape needs 12",
  );
  expect(readdirSync(folder)).toStrictEqual(["model.safetensors"]);
  expect(readFileSync(path, "utf8")).toBe("before");
});
