/** Builds the containers of checkpoints byte by byte, broken ones included. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { onTestFinished } from "vitest";
import type { Checkpoint } from "../../../../compiler/weights/readers/checkpoint.ts";
import { openCheckpoint } from "../../../../compiler/weights/readers/open-checkpoint.ts";
import type { PickleSource } from "../../../../compiler/weights/readers/unpickle.ts";

export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "checkpoint-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};

export const writeTemporary = (bytes: Uint8Array): string => {
  const path = join(temporaryFolder(), "weights");
  writeFileSync(path, bytes);
  return path;
};

export const open = (bytes: Uint8Array): Checkpoint => openCheckpoint(writeTemporary(bytes));

/** Reads everything; the message of the error, in which the file's path is "FILE". */
export const failure = (bytes: Uint8Array): string => {
  const path = writeTemporary(bytes);
  try {
    for (const tensor of openCheckpoint(path).tensors.values()) tensor.read();
  } catch (error) {
    return String(error).replaceAll(path, "FILE").replace("CheckpointError: ", "");
  }
  return "no error";
};

export const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

export const u64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

export const floats = (...values: readonly number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);

interface ZipPart {
  readonly name: string | Buffer;
  readonly data: Uint8Array;
  readonly deflated?: boolean;
  /** What the directory says instead of the truth. */
  readonly lies?: {
    readonly method?: number;
    readonly flags?: number;
    readonly crc?: number;
    readonly bytes?: number;
    readonly compressedBytes?: number;
    readonly headerOffset?: number;
  };
}

/** A zip archive; with zip64, every size and offset stands in the zip64 fields. */
export const zip = (parts: readonly ZipPart[], { zip64 = false } = {}): Buffer => {
  const body: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, deflated = false, lies = {} } of parts) {
    const stored = deflated ? deflateRawSync(data) : Buffer.from(data);
    const nameBytes = Buffer.from(name);
    const method = lies.method ?? (deflated ? 8 : 0);
    const sizes = [lies.bytes ?? data.length, lies.compressedBytes ?? stored.length, lies.headerOffset ?? offset];
    const extra = zip64 ? Buffer.concat([u16(1), u16(24), ...sizes.map(u64)]) : Buffer.alloc(0);
    const [bytes, compressedBytes, headerOffset] = zip64 ? [0xffffffff, 0xffffffff, 0xffffffff] : sizes;
    const common = [
      u16(lies.flags ?? 0),
      u16(method),
      u32(0),
      u32(lies.crc ?? crc32(data)),
      u32(compressedBytes ?? 0),
      u32(bytes ?? 0),
      u16(nameBytes.length),
    ];
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), u16(20), ...common, u16(0), nameBytes, stored]);
    const external = [u16(extra.length), u16(0), u16(0), u16(0), u32(0), u32(headerOffset ?? 0), nameBytes, extra];
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02"), u16(20), u16(20), ...common, ...external]));
    body.push(local);
    offset += local.length;
  }
  const directoryBytes = Buffer.concat(directory);
  const counts = [parts.length, parts.length];
  const zip64Records = Buffer.concat([
    Buffer.concat([Buffer.from("PK\x06\x06"), u64(44), u16(45), u16(45), u32(0), u32(0), ...counts.map(u64)]),
    Buffer.concat([u64(directoryBytes.length), u64(offset)]),
    Buffer.concat([Buffer.from("PK\x06\x07"), u32(0), u64(offset + directoryBytes.length), u32(1)]),
  ]);
  const end = [directoryBytes.length, offset].map((value) => u32(zip64 ? 0xffffffff : value));
  return Buffer.concat([
    ...body,
    directoryBytes,
    ...(zip64 ? [zip64Records] : []),
    Buffer.concat([Buffer.from("PK\x05\x06"), u32(0), ...counts.map(u16), ...end, u16(0)]),
  ]);
};

/** A `.npy` array; `header` replaces the text of the true one. */
export const npy = (
  descr: string,
  shape: readonly number[],
  data: Uint8Array,
  { version = 1, order = "False", header = "" } = {},
): Buffer => {
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = header || `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${dimensions}), }`;
  const line = Buffer.from(`${text.padEnd(117)}\n`);
  const length = version === 1 ? u16(line.length) : u32(line.length);
  return Buffer.concat([Buffer.from("\x93NUMPY", "latin1"), Buffer.from([version, 0]), length, line, data]);
};

export const safetensors = (header: unknown, data: Uint8Array = Buffer.alloc(0)): Buffer => {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  return Buffer.concat([u64(text.length), text, data]);
};

/** Opcodes of Python's pickles, as bytes to be concatenated. */
export const pickle = {
  ops: (...parts: readonly (string | Uint8Array)[]): Buffer =>
    Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part))),
  text: (value: string): Buffer =>
    Buffer.concat([Buffer.from("X"), u32(Buffer.byteLength(value)), Buffer.from(value, "utf8")]),
  integer: (value: number): Buffer =>
    Buffer.concat([Buffer.from("\x8a\x08", "latin1"), u64(BigInt.asUintN(64, BigInt(value)))]),
  tuple: (...items: readonly Uint8Array[]): Buffer => pickle.ops("(", ...items, "t"),
  global: (module: string, name: string): Buffer => pickle.ops(`c${module}\n${name}\n`),
  dict: (entries: Readonly<Record<string, Uint8Array>>): Buffer =>
    pickle.ops("}(", ...Object.entries(entries).flatMap(([key, value]) => [pickle.text(key), value]), "u"),
  /** A whole pickle of protocol 2. */
  file: (value: Uint8Array): Buffer => pickle.ops("\x80\x02", value, "."),
};

export interface PickledTensor {
  readonly key?: string;
  readonly storage?: string;
  readonly elements?: number;
  readonly offset?: number;
  readonly shape?: readonly number[];
  readonly strides?: readonly number[];
  /** Further items of the persistent id. */
  readonly idRest?: readonly Uint8Array[];
}

/** torch._utils._rebuild_tensor_v2 of a storage; by default a vector of two in storage "0". */
export const tensor = ({
  key = "0",
  storage = "FloatStorage",
  elements = 2,
  offset = 0,
  shape = [2],
  strides = [1],
  idRest = [],
}: PickledTensor = {}): Buffer => {
  const { ops, text, integer, tuple, global } = pickle;
  const type = global(storage.includes(".") ? storage.replace(/\.[^.]*$/, "") : "torch", storage.replace(/.*\./, ""));
  const id = ops(tuple(text("storage"), type, text(key), text("cpu"), integer(elements), ...idRest), "Q");
  const view = [integer(offset), tuple(...shape.map(integer)), tuple(...strides.map(integer))];
  return ops(global("torch._utils", "_rebuild_tensor_v2"), tuple(id, ...view, ops("\x89"), ops("}")), "R");
};

/** What torch.save writes since 1.6: the pickled value and the storages by key. */
export const pytorchZip = (
  value: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = { 0: floats(1, 2) },
  rest: readonly ZipPart[] = [],
): Buffer =>
  zip([
    { name: "archive/data.pkl", data: pickle.file(value) },
    ...rest,
    ...Object.entries(storages).map(([key, data]) => ({ name: `archive/data/${key}`, data })),
  ]);

/** Bytes in memory as a source of pickles. */
export const inMemory = (bytes: Buffer): PickleSource => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
});

interface LegacyParts {
  readonly magic?: Uint8Array;
  readonly protocol?: number;
  readonly littleEndian?: boolean;
  readonly keys?: readonly string[];
  readonly storages?: Uint8Array;
}

/** What torch.save wrote before 1.6; by default with the two-element storage "0". */
export const pytorchLegacy = (value: Uint8Array, parts: LegacyParts = {}): Buffer => {
  const { ops, text, integer, dict, file } = pickle;
  const magic = ops("\x8a\x0a", Buffer.from("6cfc9c46f9206aa85019", "hex"));
  return Buffer.concat([
    file(parts.magic ?? magic),
    file(integer(parts.protocol ?? 1001)),
    file(dict({ little_endian: ops((parts.littleEndian ?? true) ? "\x88" : "\x89") })),
    file(value),
    file(ops("](", ...(parts.keys ?? ["0"]).map(text), "e")),
    parts.storages ?? Buffer.concat([u64(2), floats(1, 2)]),
  ]);
};
