import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSafetensors } from "../../../runtime/safetensors/read-safetensors.ts";
import { writeSafetensors } from "../../../runtime/safetensors/write-safetensors.ts";
import { readTensor } from "../../../runtime/artifact/stored-tensor.ts";
import { saying } from "../saying.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

const write = async (): Promise<string> => {
  const path = join(temporaryFolder(), "some.safetensors");
  const tensors = [
    { name: "floats", shape: [2, 2], read: () => Float32Array.of(1, -0, 0.5, Number.NaN) },
    { name: "counts", type: "int64", shape: [], read: () => BigInt64Array.of(-(2n ** 60n)) },
    { name: "numbers", type: "int32", shape: [3], read: () => Int32Array.of(1, -2, 3) },
  ] as const;
  await writeSafetensors(path, tensors, { note: "ü" });
  return path;
};

/** A file of a header and so many bytes of data. */
const craft = (header: string, dataBytes: number): string => {
  const path = join(temporaryFolder(), "some.safetensors");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  writeFileSync(path, Buffer.concat([length, Buffer.from(header), Buffer.alloc(dataBytes)]));
  return path;
};

test("what is written is read back, of every type", async () => {
  const { metadata, tensors } = readSafetensors(await write());
  expect([...metadata]).toStrictEqual([["note", "ü"]]);
  const found = await Promise.all(tensors.map(async (stored) => [stored.name, stored.dims, await readTensor(stored)]));
  expect(found).toStrictEqual([
    ["counts", [], BigInt64Array.of(-(2n ** 60n))],
    ["floats", [2, 2], Float32Array.of(1, -0, 0.5, Number.NaN)],
    ["numbers", [3], Int32Array.of(1, -2, 3)],
  ]);
});

test("a file without metadata", () => {
  expect(readSafetensors(craft("{}", 0))).toStrictEqual({ metadata: new Map(), tensors: [] });
});

test("a file that is cut short, anywhere", async () => {
  const path = await write();
  const whole = readFileSync(path);
  for (const length of [0, 7, 8, 100]) {
    writeFileSync(path, whole.subarray(0, length));
    expect(() => readSafetensors(path)).toThrow(saying(`${path}: not a safetensors file, or cut short`));
  }
  writeFileSync(path, whole.subarray(0, -1));
  expect(() => readSafetensors(path)).toThrow(
    saying(
      `${path}: tensor "numbers" ends at byte 36 of the data, which has 35; the file is truncated or its header lies`,
    ),
  );
});

test("what is no such file", () => {
  const folder = temporaryFolder();
  const missing = join(folder, "none.safetensors");
  expect(() => readSafetensors(missing)).toThrow(saying(`${missing}: there is no such file`));
  for (const header of ["1", "nonsense"]) {
    const path = craft(header, 8);
    expect(() => readSafetensors(path)).toThrow(saying(`${path}: not a safetensors file, or cut short`));
  }
});

test("tensors that are not as they should be", () => {
  const bare = craft('{"x":{"dtype":"F32"}}', 8);
  expect(() => readSafetensors(bare)).toThrow(
    saying(`${bare}: the file is damaged: tensor "x" needs a dtype, a shape and two data_offsets`),
  );
  const half = craft('{"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}', 2);
  expect(() => readSafetensors(half)).toThrow(
    saying(`${half}: tensor "x" has dtype "F16"; expected one of F32 I32 I64`),
  );
  const short = craft('{"x":{"dtype":"F32","shape":[2,3],"data_offsets":[0,8]}}', 8);
  expect(() => readSafetensors(short)).toThrow(
    saying(`${short}: the file is damaged: tensor "x" is F32 [2, 3], 24 bytes, but its data_offsets span 8`),
  );
  const noted = craft('{"__metadata__":{"a":1}}', 0);
  expect(() => readSafetensors(noted)).toThrow(
    saying(`${noted}: the file is damaged: its __metadata__ "a" is not a string`),
  );
});
