import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../../../compiler/weights/readers/open-checkpoint.ts";
import { failure, floats, npy, open, zip } from "./builders.ts";

const archive = (array: Buffer): Buffer => zip([{ name: "Transformer/x.npy", data: array, deflated: true }]);

describe("npz", () => {
  it.each([1, 2, 3])("reads .npy version %i", (version) => {
    const tensor = open(archive(npy("<f4", [2, 1], floats(1, 2), { version }))).tensors.get("Transformer/x");
    expect(tensor?.shape).toStrictEqual([2, 1]);
    expect(tensor?.readFloat32()).toStrictEqual(Float32Array.of(1, 2));
  });

  it("reads Fortran order into C order", () => {
    const bytes = archive(npy("<f4", [2, 3], floats(0, 3, 1, 4, 2, 5), { order: "True" }));
    expect(open(bytes).tensors.get("Transformer/x")?.readFloat32()).toStrictEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
  });

  it.each([
    ["a scalar", "()", []],
    ["a vector", "(1,)", [1]],
    ["Python 2's long integers", "(1L, 1L)", [1, 1]],
  ])("reads the shape of %s", (_what, shape, expected) => {
    const header = `{'shape': ${shape}, 'fortran_order': False, "descr": "<f4"}`;
    expect(open(archive(npy("", [], floats(1), { header }))).tensors.get("Transformer/x")?.shape).toStrictEqual(
      expected,
    );
  });

  it("reads JAX's bfloat16, which NumPy saves as two opaque bytes", () => {
    const tensor = open(archive(npy("|V2", [1], Buffer.from([0x80, 0x3f])))).tensors.get("Transformer/x");
    expect(tensor?.dtype).toBe("bfloat16");
    expect(tensor?.readFloat32()).toStrictEqual(Float32Array.of(1));
  });

  it.each([
    [
      "Python objects",
      archive(npy("|O", [1], Buffer.from("cos\nsystem\n"))),
      'FILE: entry "Transformer/x.npy" has elements of type "|O"; expected one of <f8 <f4 <f2 |V2 <i8 <i4 <i2 |i1 <u8 <u4 <u2 |u1 |b1',
    ],
    [
      "big-endian numbers",
      archive(npy(">f4", [1], floats(1))),
      'FILE: entry "Transformer/x.npy" is big endian (">f4"); save it little endian: array.astype("<f4")',
    ],
    [
      "a structured type",
      archive(npy("", [], floats(1), { header: "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }" })),
      "FILE: entry \"Transformer/x.npy\" has no readable header: \"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\"",
    ],
    [
      "a negative dimension",
      archive(npy("<f4", [-1], floats(1))),
      'FILE: entry "Transformer/x.npy" has an impossible shape (-1,)',
    ],
    [
      "dimensions whose product overflows",
      archive(npy("<f4", [2 ** 40, 2 ** 40], floats(1))),
      'FILE: entry "Transformer/x.npy" has an impossible shape (1099511627776, 1099511627776)',
    ],
    [
      "code in the shape",
      archive(npy("", [], floats(1), { header: "{'descr': '<f4', 'fortran_order': False, 'shape': (exit(),), }" })),
      "FILE: entry \"Transformer/x.npy\" has no readable header: \"{'descr': '<f4', 'fortran_order': False, 'shape': (exit(),), }\"",
    ],
    [
      "fewer elements than the shape",
      archive(npy("<f4", [3], floats(1, 2))),
      'FILE: entry "Transformer/x.npy" declares 12 bytes of float32 [3], but holds 8',
    ],
    [
      "more elements than the shape",
      archive(npy("<f4", [1], floats(1, 2))),
      'FILE: entry "Transformer/x.npy" declares 4 bytes of float32 [1], but holds 8',
    ],
    [
      "version 4",
      archive(npy("<f4", [1], floats(1), { version: 4 })),
      'FILE: entry "Transformer/x.npy" has .npy version 4; expected 1, 2 or 3',
    ],
    [
      "a header of 4 GB",
      archive(Buffer.concat([Buffer.from("\x93NUMPY\x02\x00\xff\xff\xff\xff", "latin1")])),
      'FILE: entry "Transformer/x.npy" has a header of 4294967295 bytes; expected at most 10000',
    ],
    [
      "a header that is cut",
      archive(npy("<f4", [1], floats(1)).subarray(0, 60)),
      'FILE: entry "Transformer/x.npy" is truncated: its header needs 128 bytes, it has 60',
    ],
    [
      "an entry without a magic number",
      archive(Buffer.alloc(100)),
      'FILE: entry "Transformer/x.npy" is not a .npy array (its magic number is missing)',
    ],
    [
      "an entry shorter than a header",
      archive(Buffer.alloc(3)),
      'FILE: entry "Transformer/x.npy" is truncated: its header needs 12 bytes, it has 3',
    ],
    [
      "an entry that is no array",
      zip([
        { name: "x.npy", data: npy("<f4", [], floats(1)) },
        { name: "notes.txt", data: Buffer.from("hi") },
      ]),
      'FILE: entry "notes.txt" is not an array; expected names that end in .npy',
    ],
  ])("refuses %s", (_what, bytes, message) => {
    expect(failure(bytes)).toBe(message);
  });
});

const weights = process.env["AST_WEIGHTS"];

describe.skipIf(weights === undefined)("a real ViT", () => {
  it("has every tensor of DeiT-tiny", () => {
    const { format, tensors } = openCheckpoint(join(weights ?? "", "deit_tiny_patch16_224.npz"));
    expect(format).toBe("npz");
    expect(tensors.size).toBe(152);
    expect(tensors.get("pos_embed")?.shape).toStrictEqual([1, 197, 192]);
    const elements = [...tensors.values()].map((tensor) => tensor.readFloat32());
    expect(elements.reduce((sum, values) => sum + values.length, 0)).toBe(5_717_416);
    expect(elements.every((values) => values.every(Number.isFinite))).toBe(true);
    expect(tensors.get("cls_token")?.readFloat32().slice(0, 2)).toStrictEqual(
      Float32Array.of(0.02198147587478161, -0.047201238572597504),
    );
  });
});
