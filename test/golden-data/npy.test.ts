import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readFloatNpy, readNpy } from "./npy.ts";

const folder = mkdtempSync(join(tmpdir(), "npy-"));

const writeNpy = (descr: string, shape: string, data: ArrayBufferView): string => {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117) + "\n";
  const magic = Uint8Array.of(0x93, ...Buffer.from("NUMPY"), 1, 0, header.length, 0);
  const path = join(folder, `${descr.slice(1)}.npy`);
  writeFileSync(path, Buffer.concat([magic, Buffer.from(header), Buffer.from(data.buffer)]));
  return path;
};

describe("readNpy", () => {
  test.each([
    { descr: "<f4", shape: "2, 1", expected: [2, 1], data: Float32Array.of(1.5, -2) },
    { descr: "<f8", shape: "3,", expected: [3], data: Float64Array.of(0.1, 0.2, -0.3) },
    { descr: "|i1", shape: "1, 2, 2", expected: [1, 2, 2], data: Int8Array.of(-128, 0, 1, 127) },
    { descr: "<i8", shape: "", expected: [], data: BigInt64Array.of(-5n) },
  ])("reads $descr of shape ($shape)", ({ descr, shape, expected, data }) => {
    expect(readNpy(writeNpy(descr, shape, data))).toStrictEqual({ shape: expected, data });
  });

  test("refuses an element type it does not know", () => {
    expect(() => readNpy(writeNpy("<c8", "1,", new Float32Array(2)))).toThrow(
      "c8.npy: cannot read an array with the header {'descr': '<c8'",
    );
  });

  test("refuses integers where floats are wanted", () => {
    expect(() => readFloatNpy(writeNpy("|i1", "1,", new Int8Array(1)))).toThrow("holds integers, expected floats");
  });
});
