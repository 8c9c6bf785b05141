/** Opens a checkpoint of any format that weights are published in, recognised by its content. */
import { readGraphCheckpoint } from "../../emit/read-graph-checkpoint.ts";
import { type ByteSource, byteSource } from "./byte-source.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { CheckpointError } from "./checkpoint-error.ts";
import { readNpz } from "./npz.ts";
import { findPytorchPickle, readPytorchLegacy, readPytorchZip } from "./pytorch.ts";
import { readSafetensors } from "./safetensors.ts";
import { openZip } from "./zip.ts";

const readZip = (source: ByteSource): Checkpoint => {
  const zip = openZip(source);
  const pickle = findPytorchPickle(zip);
  if (pickle !== undefined) return readPytorchZip(source, zip, pickle);
  if ([...zip.entries.keys()].some((name) => name.endsWith(".npy"))) return readNpz(source, zip);
  throw new CheckpointError(
    source.path,
    "is a zip archive, but neither PyTorch's (with a data.pkl) nor NumPy's (of .npy files)",
  );
};

interface Signature {
  readonly isHead: (head: Buffer) => boolean;
  readonly read: (source: ByteSource) => Checkpoint;
}

const startsWith =
  (text: string): Signature["isHead"] =>
  (head) =>
    head.subarray(0, text.length).equals(Buffer.from(text, "latin1"));

const notACheckpoint =
  (what: string): Signature["read"] =>
  (source) => {
    throw new CheckpointError(source.path, what);
  };

const accepted = "expected a PyTorch checkpoint (.pth, .pt, .bin), .safetensors, .npz or a graph.onnx";

const opensBrace = (head: Buffer): boolean => head[8] === "{".charCodeAt(0);

/**
 * The length of a safetensors header may spell any other signature: it is known by its four high bytes, which are zero in
 * every header the format allows and in no other format's first eight bytes, and by the brace behind them.
 */
const isSafetensors = (head: Buffer): boolean => opensBrace(head) && head.readUInt32LE(4) === 0;

const signatures: readonly Signature[] = [
  { isHead: isSafetensors, read: readSafetensors },
  { isHead: startsWith("PK\x03\x04"), read: readZip },
  { isHead: startsWith("PK\x05\x06"), read: notACheckpoint("is an empty zip archive") },
  // Protocols 2 to 5; earlier ones have no signature.
  { isHead: (head) => head[0] === 0x80 && [2, 3, 4, 5].includes(head[1] ?? 0), read: readPytorchLegacy },
  { isHead: startsWith("\x93NUMPY"), read: notACheckpoint(`is a single .npy array; ${accepted} (numpy.savez)`) },
  {
    isHead: startsWith("version https://git-lfs"),
    read: notACheckpoint("is a Git LFS pointer, not the file itself; run: git lfs pull"),
  },
  {
    isHead: (head) => /^\s*<(?:!doctype|html)/i.test(head.toString("latin1")),
    read: notACheckpoint(`is a web page, not a checkpoint: the download failed; ${accepted}`),
  },
  { isHead: opensBrace, read: readSafetensors },
  // Field 1 of ModelProto, the version that every ONNX file starts with.
  { isHead: startsWith("\x08"), read: readGraphCheckpoint },
];

/**
 * Reads a checkpoint's directory; each tensor's bytes are read from the file when they are asked for.
 * Nothing in the file is executed, and memory stays within a small multiple of the header's and the largest tensor's declared size.
 * @throws CheckpointError where the file is missing, broken, hostile, or no checkpoint
 */
export const openCheckpoint = (path: string): Checkpoint => {
  const source = byteSource(path);
  const head = source.read(0, Math.min(source.size, 64));
  const signature = signatures.find(({ isHead }) => isHead(head));
  if (signature === undefined) throw new CheckpointError(path, `is not a checkpoint; ${accepted}`);
  const checkpoint = signature.read(source);
  if (checkpoint.tensors.size === 0) throw new CheckpointError(path, "holds no tensors");
  return checkpoint;
};
