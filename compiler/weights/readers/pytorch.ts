/** Reads what torch.save writes: zip archives (since 1.6) and the legacy container of pickles followed by raw storages. */
import type { ByteSource } from "./byte-source.ts";
import { type Checkpoint, type TensorEntry, tensorEntry } from "./checkpoint.ts";
import { CheckpointError, refuseAt } from "./checkpoint-error.ts";
import { byteLength, dtypes } from "./dtype.ts";
import { gatherView, orderedStrides, viewSpan } from "./gather-view.ts";
import { isKind, type PickleStorage, type PickleTensor, type PickleValue } from "./pickle-value.ts";
import type { PickledArray } from "./pickled-array.ts";
import { pytorchRules } from "./pytorch-globals.ts";
import { findStateDict } from "./state-dict.ts";
import { type PickleRules, type PickleSource, unpickle } from "./unpickle.ts";
import type { Zip, ZipEntry } from "./zip.ts";

/** A pickle may be as long as its file, but a small file may not bring a large one along, deflated. */
const longestPickle = (source: ByteSource): number => Math.max(2 ** 20, source.size);

/** A view may repeat its storage's elements (a stride of 0) up to this size, or the file's where that is larger. */
const smallTensorBytes = 2 ** 24;

/** Reads bytes of one storage, which exists and has the size that the pickle says. */
type ReadStorage = (start: number, length: number) => Uint8Array;

const storageBytes = ({ elements, elementBytes }: PickleStorage): number => elements * elementBytes;

const viewEntry = (source: ByteSource, name: string, tensor: PickleTensor, read: ReadStorage): TensorEntry => {
  const { dtype, shape, strides, offset, storage } = tensor;
  const refuse = refuseAt(source.path, `tensor "${name}"`);
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

const arrayEntry = (name: string, array: PickledArray, pickle: PickleSource): TensorEntry => {
  const { dtype, shape, isFortranOrder, data } = array;
  const strides = orderedStrides(shape, isFortranOrder);
  const read = (): Uint8Array =>
    typeof data === "string" ? Buffer.from(data, "latin1") : pickle.read(data.offset, data.length);
  // A copy, as elements must start at a multiple of their size.
  return tensorEntry(name, dtype, shape, () =>
    gatherView(Uint8Array.from(read()), dtypes[dtype].bytes, shape, strides),
  );
};

const toCheckpoint = (
  source: ByteSource,
  pickle: PickleSource,
  root: PickleValue,
  pickleBytes: number,
  findStorage: (storage: PickleStorage, tensor: string) => ReadStorage,
): Checkpoint => {
  const { tensors, objects, metadata } = findStateDict(root, source.path, pickleBytes);
  const entries = [...tensors].map(([name, tensor]): [string, TensorEntry] => [
    name,
    "storage" in tensor
      ? viewEntry(source, name, tensor, findStorage(tensor.storage, name))
      : arrayEntry(name, tensor, pickle),
  ]);
  return { format: "pytorch", tensors: new Map(entries), objects, metadata };
};

/** The pickle of a PyTorch archive, `<folder>/data.pkl`, or undefined in another zip file. */
export const findPytorchPickle = (zip: Zip): ZipEntry | undefined =>
  [...zip.entries.values()].find(({ name }) => /^[^/]+\/data\.pkl$/.test(name));

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** @throws CheckpointError for a broken archive, and for a pickle that is no dictionary of tensors */
export const readPytorchZip = (source: ByteSource, zip: Zip, pickle: ZipEntry): Checkpoint => {
  const refuse = refuseAt(source.path);
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
  const bytes = asBuffer(zip.read(pickle));
  const inMemory = {
    size: bytes.length,
    read: (offset: number, length: number): Buffer => bytes.subarray(offset, offset + length),
  };
  const { value } = unpickle(inMemory, `${source.path}: ${pickle.name}`, pytorchRules);
  return toCheckpoint(source, inMemory, value, pickle.bytes, (storage, tensor) => {
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
  const refuse = refuseAt(source.path);
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

/** What `pickle.dump` wrote: a dictionary of NumPy arrays. */
const readPlainPickle = (source: ByteSource, { value, end }: ReturnType<typeof unpickle>): Checkpoint => {
  const refuse = (what: string): never => {
    throw new CheckpointError(source.path, `is a pickle that torch.save did not write, ${what}`);
  };
  if (end < source.size) refuse(`and has ${source.size - end} bytes after its end`);
  const checkpoint = toCheckpoint(source, source, value, end, () => refuse("yet holds its tensors"));
  if (checkpoint.tensors.size === 0) refuse("without NumPy arrays; expected a state dict of tensors or arrays");
  return checkpoint;
};

/** @throws CheckpointError for a broken container, and for a pickle that is no dictionary of tensors */
export const readPytorchLegacy = (source: ByteSource): Checkpoint => {
  const refuse = refuseAt(source.path);
  const next = (rules: PickleRules, start: number): ReturnType<typeof unpickle> =>
    unpickle(source, source.path, rules, start);

  const magic = next(pytorchRules, 0);
  if (magic.value !== legacyMagic) return readPlainPickle(source, magic);
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
    if (known.className !== storage.className || known.elements !== storage.elements) {
      refuseId(`storage "${storage.key}" has two types or sizes`);
    }
    storages.set(storage.key, storage);
    return storage;
  };
  const root = next({ ...pytorchRules, persistent: remember }, system.end);
  const keys = next(noGlobals, root.end);
  const places = placeStorages(source, keys.value, storages, keys.end);
  return toCheckpoint(source, source, root.value, root.end - system.end, (storage, tensor) => {
    const { offset } =
      places.get(storage.key) ?? refuse(`tensor "${tensor}" needs storage "${storage.key}", which is missing`);
    return (start, length) => source.read(offset + start, length);
  });
};
