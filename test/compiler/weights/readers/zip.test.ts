import { describe, expect, it } from "vitest";
import { failure, floats, npy, open, zip } from "./builders.ts";

const array = npy("<f4", [2], floats(1, 2));
const x = { name: "x.npy", data: array };
const y = { name: "y.npy", data: array };
/** Twice the bytes that its header declares. */
const zeros = npy("<f4", [125_000], Buffer.alloc(1_000_000));
const short = npy("<f4", [252], floats(1, 2));

const corrupted = (deflated: boolean): Buffer => {
  const bytes = zip([{ ...x, deflated }]);
  // The last byte before the directory belongs to the data.
  const last = bytes.indexOf("PK\x01\x02") - 1;
  bytes.writeUInt8(bytes.readUInt8(last) ^ 1, last);
  return bytes;
};

/** With 32 bits replaced at an offset from a record's signature. */
const replaced = (bytes: Buffer, signature: string, offset: number, value: number): Buffer => {
  const at = bytes.indexOf(signature, 0, "latin1") + offset;
  bytes.writeUInt32LE(value, at);
  return bytes;
};

const commented = (bytes: Buffer, comment: string): Buffer => {
  bytes.writeUInt16LE(comment.length, bytes.length - 2);
  return Buffer.concat([bytes, Buffer.from(comment)]);
};

describe("zip archives", () => {
  it.each([
    ["stored", zip([x, y])],
    [
      "deflated",
      zip([
        { ...x, deflated: true },
        { ...y, deflated: true },
      ]),
    ],
    ["zip64", zip([x, { ...y, deflated: true }], { zip64: true })],
    ["with folders", zip([{ name: "sub/", data: Buffer.alloc(0) }, x, y])],
    ["with a comment", commented(zip([x, y]), "made by hand")],
  ])("reads %s entries", (_what, bytes) => {
    const { tensors } = open(bytes);
    expect([...tensors.keys()]).toStrictEqual(["x", "y"]);
    for (const { readFloat32 } of tensors.values()) expect(readFloat32()).toStrictEqual(Float32Array.of(1, 2));
  });

  it.each([
    [
      "an archive cut in its data",
      zip([x]).subarray(0, 100),
      "FILE: is a zip archive without its directory at the end; it is truncated",
    ],
    [
      "an archive cut in its directory",
      zip([x]).subarray(0, -30),
      "FILE: is a zip archive without its directory at the end; it is truncated",
    ],
    ["an empty archive", zip([]), "FILE: is an empty zip archive"],
    [
      "an archive of something else",
      zip([{ name: "readme.txt", data: Buffer.from("hello") }]),
      "FILE: is a zip archive, but neither PyTorch's (with a data.pkl) nor NumPy's (of .npy files)",
    ],
    [
      "a directory beyond the end",
      replaced(zip([x]), "PK\x05\x06", 16, 0x7fffffff),
      "FILE: the zip directory is said to take 51 bytes at byte 2147483647, beyond the file's end at byte 244",
    ],
    [
      "a directory that is not there",
      replaced(zip([x]), "PK\x05\x06", 16, 10),
      "FILE: the zip directory is corrupt at byte 10",
    ],
    [
      "a zip64 record that is not there",
      replaced(zip([x], { zip64: true }), "PK\x06\x07", 8, 5),
      "FILE: the zip64 record is not at byte 5, where its locator points",
    ],
    [
      "a zip64 offset of 2^60",
      zip([{ ...x, lies: { headerOffset: 2 ** 60 } }], { zip64: true }),
      'FILE: entry "x.npy" (bytes 1152921504606847000 to 1152921504606847200) overlaps the archive\'s directory at byte 171',
    ],
    [
      "an encrypted entry",
      zip([{ ...x, lies: { flags: 1 } }]),
      'FILE: entry "x.npy" is encrypted; expected a plain archive',
    ],
    [
      "an unsupported compression",
      zip([{ ...x, lies: { method: 12 } }]),
      'FILE: entry "x.npy" has compression method 12; expected 0 (stored) or 8 (deflated)',
    ],
    [
      "a stored entry with two sizes",
      zip([{ ...x, lies: { bytes: 5 } }]),
      'FILE: entry "x.npy" is stored, yet its sizes differ (136 and 5 bytes)',
    ],
    [
      "an entry beyond its place",
      zip([{ ...x, lies: { bytes: 500, compressedBytes: 500 } }, y]),
      'FILE: entry "x.npy" (bytes 0 to 535) overlaps entry "y.npy" at byte 171',
    ],
    [
      "overlapping entries",
      zip([x, { ...y, lies: { headerOffset: 0 } }]),
      'FILE: entry "x.npy" (bytes 0 to 171) overlaps entry "y.npy" at byte 0',
    ],
    [
      "an entry without a header",
      zip([x, { ...y, lies: { headerOffset: 180, bytes: 100, compressedBytes: 100 } }]),
      'FILE: entry "y.npy" has no header at byte 180, where the directory says it starts',
    ],
    [
      "a local name that pushes the data into the directory",
      replaced(zip([x]), "PK\x03\x04", 26, 0xffff),
      'FILE: entry "x.npy" needs bytes 65565 to 65701, but the next part starts at byte 171',
    ],
    [
      "a directory with fewer entries than announced",
      replaced(zip([x]), "PK\x05\x06", 8, 0x00020002),
      "FILE: the zip directory holds 1 entries, but its end record says 2",
    ],
    [
      "an entry with another name in its own header",
      Buffer.concat([Buffer.from(zip([x]).toString("latin1").replace("x.npy", "y.npy"), "latin1")]),
      'FILE: entry "x.npy" is called "y.npy" in its own header',
    ],
    ["an entry named twice", zip([x, x]), 'FILE: holds entry "x.npy" twice'],
    [
      "a name that climbs",
      zip([{ ...x, name: "../x.npy" }]),
      'FILE: an entry is refused: the name "../x.npy" looks like a path',
    ],
    [
      "an absolute name",
      zip([{ ...x, name: "/etc/x.npy" }]),
      'FILE: an entry is refused: the name "/etc/x.npy" looks like a path',
    ],
    [
      "a name with NUL",
      zip([{ ...x, name: "x\0.npy" }]),
      'FILE: an entry is refused: the name "x\\u0000.npy" has a control character',
    ],
    [
      "a name that is not UTF-8",
      zip([{ ...x, name: Buffer.from([0x78, 0xff]) }]),
      "FILE: an entry's name is not UTF-8 (bytes 78ff)",
    ],
    [
      "a stored entry with a wrong byte",
      corrupted(false),
      'FILE: entry "x.npy" is corrupt: its CRC-32 is 0x90acfa0c, expected 0xe7abca9a',
    ],
    ["a deflated entry with a wrong byte", corrupted(true), 'FILE: entry "x.npy" is corrupt: unexpected end of file'],
    [
      "a wrong checksum",
      zip([{ ...x, deflated: true, lies: { crc: 1 } }]),
      'FILE: entry "x.npy" is corrupt: its CRC-32 is 0xe7abca9a, expected 0x00000001',
    ],
    [
      "a bomb that inflates to more than it declares",
      zip([{ name: "x.npy", data: zeros, deflated: true, lies: { bytes: 500_128 } }]),
      'FILE: entry "x.npy" inflates to more than the 500128 bytes it declares',
    ],
    [
      "a bomb of four gigabytes",
      zip([{ ...x, deflated: true, lies: { bytes: 0xfffffff0 } }]),
      'FILE: entry "x.npy" claims 4294967280 bytes out of 79 deflated ones, which is impossible',
    ],
    [
      "an entry that inflates to less than it declares",
      zip([{ name: "x.npy", data: short, deflated: true, lies: { bytes: 1136 } }]),
      'FILE: entry "x.npy" inflates to 136 bytes, expected 1136',
    ],
  ])("refuses %s", (_what, bytes, message) => {
    expect(failure(bytes)).toBe(message);
  });
});
