import { describe, expect, it } from "vitest";
import { failure, floats, open, safetensors, u64 } from "./builders.ts";

const vector = (begin: number, end = begin + 8): unknown => ({ dtype: "F32", shape: [2], data_offsets: [begin, end] });
const two = floats(1, 2);
const oneTensor = (fields: Readonly<Record<string, unknown>>): Buffer =>
  safetensors({ x: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...fields } }, two);

describe("safetensors", () => {
  it("reads tensors, scalars, empty tensors and metadata from a padded header", () => {
    const header = {
      __metadata__: { format: "pt" },
      b: { dtype: "F32", shape: [], data_offsets: [8, 12] },
      a: vector(0),
      none: { dtype: "BF16", shape: [0, 4], data_offsets: [12, 12] },
    };
    const checkpoint = open(safetensors(`${JSON.stringify(header)}   `, floats(1, 2, 3)));
    expect(checkpoint.format).toBe("safetensors");
    expect([...checkpoint.metadata]).toStrictEqual([["format", "pt"]]);
    const read = [...checkpoint.tensors.values()].map(({ name, shape, readFloat32 }) => [
      name,
      shape,
      [...readFloat32()],
    ]);
    expect(read).toStrictEqual([
      ["b", [], [3]],
      ["a", [2], [1, 2]],
      ["none", [0, 4], []],
    ]);
  });

  it("reads a tensor named like a property of every object", () => {
    expect(open(safetensors(`{"__proto__":${JSON.stringify(vector(0))}}`, two)).tensors.has("__proto__")).toBe(true);
  });

  it.each([
    [
      "a header of 2^63 bytes",
      Buffer.concat([u64(2n ** 63n), Buffer.from("{}")]),
      "FILE: its safetensors header claims 9223372036854775808 bytes; expected at most 16777216",
    ],
    [
      "a header longer than the file",
      Buffer.concat([u64(1000), Buffer.from('{"x":1}')]),
      "FILE: its safetensors header claims 1000 bytes, but the file has 15; it is truncated or its header lies",
    ],
    ["a header that is not JSON", safetensors("{x}"), "FILE: its header is not JSON"],
    [
      "a header that is not UTF-8",
      Buffer.concat([u64(4), Buffer.from([0x7b, 0x22, 0xff, 0x7d])]),
      "FILE: its header is not UTF-8",
    ],
    ["no tensors", safetensors({}), "FILE: holds no tensors"],
    [
      "a tensor named twice",
      safetensors(`{"x":${JSON.stringify(vector(0))},"\\u0078":${JSON.stringify(vector(0))}}`, two),
      'FILE: its header names "\\u0078" twice',
    ],
    [
      "metadata twice",
      safetensors('{"__metadata__":{},"__metadata__":{}}'),
      'FILE: its header names "__metadata__" twice',
    ],
    [
      "overlapping tensors",
      safetensors({ x: vector(0), y: vector(4) }, floats(1, 2, 3)),
      'FILE: tensor "y" overlaps the one before it (from byte 4 to 8 of the data)',
    ],
    [
      "the same bytes for two tensors",
      safetensors({ x: vector(0), y: vector(0) }, two),
      'FILE: tensor "y" overlaps the one before it (from byte 0 to 8 of the data)',
    ],
    [
      "a hole between tensors",
      safetensors({ x: vector(0), y: vector(12) }, floats(1, 2, 3, 4, 5)),
      'FILE: no tensor covers bytes 8 to 12 of the data, before tensor "y"',
    ],
    [
      "a hole before the first tensor",
      safetensors({ x: vector(4) }, floats(1, 2, 3)),
      'FILE: no tensor covers bytes 0 to 4 of the data, before tensor "x"',
    ],
    [
      "bytes after the last tensor",
      safetensors({ x: vector(0) }, floats(1, 2, 3)),
      "FILE: no tensor covers bytes 8 to 12 of the data, after the last tensor",
    ],
    [
      "truncated data",
      safetensors({ x: vector(0) }, floats(1)),
      'FILE: tensor "x" ends at byte 8 of the data, which has 4; the file is truncated or its header lies',
    ],
    [
      "offsets in the wrong order",
      oneTensor({ data_offsets: [8, 0] }),
      'FILE: tensor "x" has impossible data_offsets [8, 0]',
    ],
    ["negative offsets", oneTensor({ data_offsets: [-8, 0] }), 'FILE: tensor "x" has impossible data_offsets [-8, 0]'],
    [
      "offsets beyond 2^53",
      oneTensor({ data_offsets: [0, 2 ** 60] }),
      'FILE: tensor "x" has impossible data_offsets [0, 1152921504606847000]',
    ],
    [
      "a span that differs from the shape",
      oneTensor({ shape: [3] }),
      'FILE: tensor "x" is F32 [3], 12 bytes, but its data_offsets span 8',
    ],
    ["a negative dimension", oneTensor({ shape: [-2] }), 'FILE: tensor "x" has an impossible shape [-2]'],
    [
      "dimensions whose product overflows",
      oneTensor({ shape: [2 ** 40, 2 ** 40] }),
      'FILE: tensor "x" has an impossible shape [1099511627776, 1099511627776]',
    ],
    ["a fractional dimension", oneTensor({ shape: [0.5] }), 'FILE: tensor "x" has an impossible shape [0.5]'],
    [
      "an unsupported dtype",
      oneTensor({ dtype: "F4" }),
      'FILE: tensor "x" has dtype "F4"; expected one of F64 F32 F16 BF16 F8_E4M3 F8_E5M2 I64 I32 I16 I8 U64 U32 U16 U8 BOOL',
    ],
    ["a missing shape", oneTensor({ shape: null }), 'FILE: tensor "x" needs a dtype, a shape and two data_offsets'],
    [
      "a tensor that is a number",
      safetensors({ x: 3 }),
      'FILE: tensor "x" needs a dtype, a shape and two data_offsets',
    ],
    [
      "a name that climbs",
      safetensors({ "../x": vector(0) }, two),
      'FILE: a tensor is refused: the name "../x" looks like a path',
    ],
    [
      "an absolute name",
      safetensors({ "/x": vector(0) }, two),
      'FILE: a tensor is refused: the name "/x" looks like a path',
    ],
    [
      "a name with NUL",
      safetensors({ "x\0": vector(0) }, two),
      'FILE: a tensor is refused: the name "x\\u0000" has a control character',
    ],
    [
      "metadata that is not text",
      safetensors({ __metadata__: { a: 1 }, x: vector(0) }, two),
      'FILE: its __metadata__ "a" is not a string',
    ],
    [
      "metadata that is a list",
      safetensors({ __metadata__: [], x: vector(0) }, two),
      "FILE: its __metadata__ is not an object of strings",
    ],
    [
      "a name of a megabyte",
      safetensors({ [`/${"x".repeat(1e6)}`]: vector(0) }, two),
      `FILE: a tensor is refused: the name "/${"x".repeat(968)}...`,
    ],
  ])("refuses %s", (_what, bytes, message) => {
    expect(failure(bytes)).toBe(message);
  });
});
