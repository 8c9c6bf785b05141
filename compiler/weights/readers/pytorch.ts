/** Reads what torch.save writes: zip archives (since 1.6) and the legacy container of pickles followed by raw storages. */
import type { ByteSource } from "./byte-source.ts";
import { type Checkpoint, type TensorEntry, tensorEntry } from "./checkpoint.ts";
import { CheckpointError } from "./checkpoint-error.ts";
import { byteLength, dtypes } from "./dtype.ts";
import { gatherView, viewSpan } from "./gather-view.ts";
import { isKind, type PickleStorage, type PickleTensor, type PickleValue } from "./pickle-value.ts";
import { pytorchRules } from "./pytorch-globals.ts";
import { findStateDict } from "./state-dict.ts";
import { type PickleRules, unpickle } from "./unpickle.ts";
import type { Zip, ZipEntry } from "./zip.ts";

/**
 * The tensors of a large model take some 100 kB of pickle, an optimizer's perhaps 2 MB. A hostile one grows to 100 times
 * its size in memory, so a small file may not bring a large one along, deflated.
 */
const longestPickle = (source: ByteSource): number => Math.min(2 ** 22, Math.max(2 ** 20, source.size));

/** A view may repeat its storage's elements (a stride of 0) up to this size, or the file's where that is larger. */
const smallTensorBytes = 2 ** 24;

/** Reads bytes of one storage, which exists and has the size that the pickle says. */
type ReadStorage = (start: number, length: number) => Uint8Array;

const storageBytes = ({ dtype, elements }: PickleStorage): number =>
  elements * (dtype === "untyped" ? 1 : dtypes[dtype].bytes);

const viewEntry = (source: ByteSource, name: string, tensor: PickleTensor, read: ReadStorage): TensorEntry => {
  const { dtype, shape, strides, offset, storage } = tensor;
  const refuse = (what: string): never => {
    throw new CheckpointError(source.path, `tensor "${name}" ${what}`);
  };
  const bytes = byteLength(dtype, shape) ?? refuse(`has an impossible shape [${shape.join(", ")}]`);
  const elementBytes = dtypes[dtype].bytes;
  const span = viewSpan(shape, strides);
  const lastByte = (offset + span) * elementBytes;
  if (span > 0 && !(lastByte <= storageBytes(storage))) {
    refuse(
      `(shape [${shape.join(", ")}], stride [${strides.join(", ")}], offset ${offset}) reaches beyond its storage of ${storageBytes(storage)} bytes`,
    );
  }
  if (bytes > Math.max(source.size, smallTensorBytes)) {
    refuse(`repeats its storage of ${storageBytes(storage)} bytes to ${bytes}, more than the whole file holds`);
  }
  return tensorEntry(name, dtype, shape, () =>
    gatherView(read(span === 0 ? 0 : offset * elementBytes, span * elementBytes), elementBytes, shape, strides),
  );
};

const toCheckpoint = (
  source: ByteSource,
  root: PickleValue,
  pickleBytes: number,
  findStorage: (storage: PickleStorage, tensor: string) => ReadStorage,
): Checkpoint => {
  const { tensors, metadata } = findStateDict(root, source.path, pickleBytes);
  const readable = (found: ReadonlyMap<string, PickleTensor>): ReadonlyMap<string, TensorEntry> =>
    new Map(
      [...found].map(([name, tensor]) => [name, viewEntry(source, name, tensor, findStorage(tensor.storage, name))]),
    );
  return { format: "pytorch", tensors: readable(tensors), objects: new Map(), metadata };
};

/** The pickle of a PyTorch archive, `<folder>/data.pkl`, or undefined in another zip file. */
export const findPytorchPickle = (zip: Zip): ZipEntry | undefined =>
  [...zip.entries.values()].find(({ name }) => /^[^/]+\/data\.pkl$/.test(name));

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** @throws CheckpointError for a broken archive, and for a pickle that needs more than tensors and plain containers */
export const readPytorchZip = (source: ByteSource, zip: Zip, pickle: ZipEntry): Checkpoint => {
  const refuse = (what: string): never => {
    throw new CheckpointError(source.path, what);
  };
  const folder = pickle.name.slice(0, -"data.pkl".length);
  if (zip.entries.has(`${folder}constants.pkl`)) {
    refuse("is a TorchScript archive; expected a state dict: torch.save(torch.jit.load(file).state_dict(), other)");
  }
  const byteOrder = zip.entries.get(`${folder}byteorder`);
  if (byteOrder !== undefined && asBuffer(zip.readStart(byteOrder, 16)).toString("latin1") !== "little") {
    refuse("was written on a big-endian machine; expected little endian");
  }
  if (pickle.bytes > longestPickle(source)) {
    refuse(`entry "${pickle.name}" has ${pickle.bytes} bytes; expected at most ${longestPickle(source)}`);
  }
  const { value } = unpickle(asBuffer(zip.read(pickle)), `${source.path}: ${pickle.name}`, pytorchRules);
  return toCheckpoint(source, value, pickle.bytes, (storage, tensor) => {
    const name = `${folder}data/${storage.key}`;
    const entry = zip.entries.get(name) ?? refuse(`tensor "${tensor}" needs entry "${name}", which is missing`);
    if (entry.bytes !== storageBytes(storage)) {
      refuse(`tensor "${tensor}" needs ${storageBytes(storage)} bytes in entry "${name}", which has ${entry.bytes}`);
    }
    return (start, length) => zip.read(entry, start, length);
  });
};

// Constants of torch.save's legacy container.
const legacyMagic = 0x1950a86a20f9469cfc6cn;
const legacyProtocol = 1001;

/** The header pickles hold plain values only. */
const noGlobals: PickleRules = {
  globals: new Map(),
  persistent: (_id, refuse) => refuse("a persistent id is not expected in the header"),
};

const dictValue = (dict: PickleValue, key: string): PickleValue | undefined =>
  isKind(dict, "dict") ? dict.items.find(([name]) => name === key)?.[1] : undefined;

interface StoragePlace {
  readonly offset: number;
  readonly storage: PickleStorage;
}

/** Storages stand one after the other, each behind its element count; only the pickle knows their element types. */
const placeStorages = (
  source: ByteSource,
  keys: PickleValue,
  storages: ReadonlyMap<string, PickleStorage>,
  start: number,
): ReadonlyMap<string, StoragePlace> => {
  const refuse = (what: string): never => {
    throw new CheckpointError(source.path, what);
  };
  const places = new Map<string, StoragePlace>();
  let at = start;
  for (const key of isKind(keys, "list") ? keys.items : refuse("its list of storages is not a list")) {
    const name = typeof key === "string" ? key : refuse("its list of storages holds a key that is not a string");
    const storage = storages.get(name) ?? refuse(`no tensor tells the type of storage "${name}"`);
    if (places.has(name)) refuse(`its list of storages holds "${name}" twice`);
    const elements = source.read(at, 8).readBigInt64LE(0);
    if (elements !== BigInt(storage.elements)) {
      refuse(`storage "${name}" at byte ${at} has ${elements} elements; its tensors say ${storage.elements}`);
    }
    const offset = at + 8;
    at = offset + storageBytes(storage);
    if (at > source.size) {
      refuse(
        `is truncated: storage "${name}" needs bytes ${offset} to ${at}, but the file ends at byte ${source.size}`,
      );
    }
    places.set(name, { offset, storage });
  }
  if (at < source.size) refuse(`has ${source.size - at} bytes after its last storage; expected none`);
  return places;
};

/** @throws CheckpointError for a broken container, and for a pickle that needs more than tensors and plain containers */
export const readPytorchLegacy = (source: ByteSource): Checkpoint => {
  const refuse = (what: string): never => {
    throw new CheckpointError(source.path, what);
  };
  const bytes = source.read(0, Math.min(source.size, longestPickle(source)));
  const next = (rules: PickleRules, start: number): ReturnType<typeof unpickle> =>
    unpickle(bytes, source.path, rules, start);

  const magic = next(noGlobals, 0);
  if (magic.value !== legacyMagic) {
    refuse("is a pickle, but not one that torch.save wrote (its magic number is missing)");
  }
  const protocol = next(noGlobals, magic.end);
  if (protocol.value !== legacyProtocol) refuse(`has a container version other than ${legacyProtocol}`);
  const system = next(noGlobals, protocol.end);
  if (dictValue(system.value, "little_endian") !== true) {
    refuse("was written on a big-endian machine; expected little endian");
  }

  const storages = new Map<string, PickleStorage>();
  const remember: PickleRules["persistent"] = (id, refuseId) => {
    const storage = pytorchRules.persistent(id, refuseId);
    if (!isKind(storage, "storage")) return storage;
    const known = storages.get(storage.key) ?? storage;
    if (known.dtype !== storage.dtype || known.elements !== storage.elements) {
      refuseId(`storage "${storage.key}" has two types or sizes`);
    }
    storages.set(storage.key, storage);
    return storage;
  };
  const root = next({ ...pytorchRules, persistent: remember }, system.end);
  const keys = next(noGlobals, root.end);
  const places = placeStorages(source, keys.value, storages, keys.end);
  return toCheckpoint(source, root.value, root.end - system.end, (storage, tensor) => {
    const { offset } =
      places.get(storage.key) ?? refuse(`tensor "${tensor}" needs storage "${storage.key}", which is missing`);
    return (start, length) => source.read(offset + start, length);
  });
};
