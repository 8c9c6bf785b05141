/** Opens a checkpoint of any format that weights are published in, recognised by its content. */
import { ortCheckpointIdentifier } from "../../artifact/ort-checkpoint.ts";
import { readGraphCheckpoint } from "./onnx.ts";
import { type ByteSource, byteSource } from "./byte-source.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { CheckpointError } from "./checkpoint-error.ts";
import { readNpz } from "./npz.ts";
import { readTrainingApiCheckpoint } from "./ort-checkpoint.ts";
import { findPytorchPickle, readPytorchLegacy, readPytorchZip } from "./pytorch.ts";
import { readSafetensors } from "./safetensors.ts";
import { readSharded } from "./sharded.ts";
import { openZip, type Zip } from "./zip.ts";

/** What else is kept in zip archives, by the name of an entry, and what to do with it. */
const otherArchives: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/(^|\/)model\.weights\.h5$/, "is a Keras model; save its weights by name with numpy.savez"],
  [
    /(^|\/)archive_format$|(^|\/)serialized_exported_program\.json$/,
    "is a program of torch.export; expected a state dict: torch.save(torch.export.load(file).state_dict, other)",
  ],
  [/\.(safetensors|pth|pt|bin|ckpt|npz|onnx)$/, "is a zip archive of other files; unpack it first"],
];

const nameOfOther = (zip: Zip): string | undefined =>
  otherArchives.find(([pattern]) => [...zip.entries.keys()].some((name) => pattern.test(name)))?.[1];

const readZip = (source: ByteSource): Checkpoint => {
  const zip = openZip(source);
  const pickle = findPytorchPickle(zip);
  if (pickle !== undefined) return readPytorchZip(source, zip, pickle);
  if ([...zip.entries.keys()].some((name) => name.endsWith(".npy"))) return readNpz(source, zip);
  throw new CheckpointError(
    source.path,
    nameOfOther(zip) ?? "is a zip archive, but neither PyTorch's (with a data.pkl) nor NumPy's (of .npy files)",
  );
};

/** Up to the signature of a tar archive. */
const headBytes = 512;

interface Signature {
  readonly isHead: (head: Buffer) => boolean;
  readonly read: (source: ByteSource) => Checkpoint;
}

const hasText =
  (text: string, start = 0): Signature["isHead"] =>
  (head) =>
    head.subarray(start, start + text.length).equals(Buffer.from(text, "latin1"));

const notACheckpoint =
  (what: string): Signature["read"] =>
  (source) => {
    throw new CheckpointError(source.path, what);
  };

const accepted =
  "expected a PyTorch checkpoint (.pth, .pt, .bin), .safetensors, .npz, a graph.onnx or a checkpoint of ONNX Runtime's training";

const compressed = (format: string): Signature["read"] => notACheckpoint(`is compressed (${format}); unpack it first`);

/** A msgpack map whose first key is text. */
const isMsgpack = (head: Buffer): boolean => {
  const [map = 0, key = 0] = head;
  return map > 0x80 && map < 0x90 && key > 0xa0 && key < 0xc0;
};

const opensBrace = (head: Buffer): boolean => head[8] === "{".charCodeAt(0);

/**
 * The length of a safetensors header may spell any other signature: it is known by its four high bytes, which are zero in
 * every header the format allows and in no other format's first eight bytes, and by the brace behind them.
 */
const isSafetensors = (head: Buffer): boolean => opensBrace(head) && head.readUInt32LE(4) === 0;

const signatures: readonly Signature[] = [
  { isHead: isSafetensors, read: readSafetensors },
  { isHead: hasText("PK\x03\x04"), read: readZip },
  { isHead: hasText("PK\x05\x06"), read: notACheckpoint("is an empty zip archive") },
  // Protocols 2 to 5; earlier ones have no signature.
  { isHead: (head) => head[0] === 0x80 && [2, 3, 4, 5].includes(head[1] ?? 0), read: readPytorchLegacy },
  { isHead: hasText("\x93NUMPY"), read: notACheckpoint(`is a single .npy array; ${accepted} (numpy.savez)`) },
  {
    isHead: hasText("\x89HDF\r\n\x1a\n"),
    read: notACheckpoint(
      "is an HDF5 file, as Keras saves weights; save them by name with numpy.savez, or from PyTorch",
    ),
  },
  {
    isHead: hasText("GGUF"),
    read: notACheckpoint("is a GGUF file, whose weights are rounded for inference; expected those it was made from"),
  },
  { isHead: hasText(ortCheckpointIdentifier, 4), read: readTrainingApiCheckpoint },
  {
    isHead: hasText("ORTM", 4),
    read: notACheckpoint("is a model in ONNX Runtime's own format; expected the weights it was made from"),
  },
  {
    isHead: hasText("TFL3", 4),
    read: notACheckpoint("is a TensorFlow Lite model; expected the weights it was made from"),
  },
  {
    isHead: isMsgpack,
    read: notACheckpoint(
      'is msgpack, as Flax saves weights; save them with numpy.savez(file, **flax.traverse_util.flatten_dict(params, sep="/"))',
    ),
  },
  { isHead: hasText("\x1f\x8b"), read: compressed("gzip") },
  { isHead: hasText("\xfd7zXZ\0"), read: compressed("xz") },
  { isHead: hasText("BZh"), read: compressed("bzip2") },
  { isHead: hasText("\x28\xb5\x2f\xfd"), read: compressed("zstd") },
  { isHead: hasText("7z\xbc\xaf\x27\x1c"), read: compressed("7z") },
  { isHead: hasText("Rar!"), read: compressed("rar") },
  {
    isHead: hasText("ustar", 257),
    read: notACheckpoint("is a tar archive; unpack it first"),
  },
  {
    isHead: hasText("version https://git-lfs"),
    read: notACheckpoint("is a Git LFS pointer, not the file itself; run: git lfs pull"),
  },
  {
    isHead: (head) => /^\s*<(?:!doctype|html)/i.test(head.toString("latin1")),
    read: notACheckpoint(`is a web page, not a checkpoint: the download failed; ${accepted}`),
  },
  // Field 1 of ModelProto, the version that every ONNX file starts with.
  { isHead: hasText("\x08"), read: readGraphCheckpoint },
];

/** A header that claims more than the format allows. */
const lying: Signature = { isHead: opensBrace, read: readSafetensors };

const readAs = (source: ByteSource, known: readonly Signature[]): Checkpoint => {
  const head = source.read(0, Math.min(source.size, headBytes));
  const signature = known.find(({ isHead }) => isHead(head));
  if (signature === undefined) throw new CheckpointError(source.path, `is not a checkpoint; ${accepted}`);
  return signature.read(source);
};

/** An index of shards; a shard is none itself, as it might name itself again. */
const index: Signature = {
  isHead: (head) => /^\s*\{/.test(head.toString("latin1")),
  read: (source) => readSharded(source, (path) => readAs(byteSource(path), [...signatures, lying])),
};

/**
 * Reads a checkpoint's directory; each tensor's bytes are read from the file when they are asked for.
 * Nothing in the file is executed, and memory stays within a small multiple of the header's and the largest tensor's declared size.
 * @throws CheckpointError where the file is missing, broken, hostile, or no checkpoint
 */
export const openCheckpoint = (path: string): Checkpoint => {
  const checkpoint = readAs(byteSource(path), [...signatures, index, lying]);
  if (checkpoint.tensors.size === 0) throw new CheckpointError(path, "holds no tensors");
  return checkpoint;
};
