/**
 * The checkpoint of ONNX Runtime's training API: a flatbuffer of the schema `ort_training_checkpoint.fbs` (ONNX Runtime 1.19.2,
 * onnxruntime/core/flatbuffers/schema), of which the optimizer's moments are left alone. Whatever a file claims is checked before it
 * is believed; the flatbuffers package's own reader checks nothing, and holds the whole file.
 */

/** In bytes 4 to 8: "ORT On-Device-Training Checkpoint". */
export const ortCheckpointIdentifier = "ODTC";

/** The version of the schema that ONNX Runtime 1.19.2 has, the last one with a training API; it reads no other. */
export const ortCheckpointVersion = 2;

/** Offsets of a flatbuffer have 31 bits. */
export const mostOrtCheckpointBytes = 2 ** 31 - 1;

/** The fields of the schema's tables that are written or read, by their place. */
export const ortCheckpointFields = {
  checkpoint: { version: 0, moduleState: 1, optimizerGroups: 2, propertyBag: 3 },
  moduleState: { trained: 0, frozen: 1, isNominal: 2, hasExternalData: 3 },
  /** Of `ort.fbs`. */
  tensor: { name: 0, documentation: 1, dims: 2, dataType: 3, rawData: 4, strings: 5, externalDataOffset: 6 },
  propertyBag: { integers: 0, floats: 1, strings: 2 },
  property: { name: 0, value: 1 },
} as const;

export interface OrtCheckpointSource {
  /** In bytes. */
  readonly size: number;
  readonly read: (offset: number, length: number) => Uint8Array;
}

export interface OrtCheckpointTensor {
  readonly name: string;
  /** ONNX's number of it. */
  readonly dataType: number;
  readonly shape: readonly number[];
  /** Where its values are in the file, little endian and in C order. */
  readonly offset: number;
  readonly bytes: number;
}

export interface OrtCheckpoint {
  /** Trained ones, then frozen ones. */
  readonly tensors: readonly OrtCheckpointTensor[];
  /** The application's own, of text. */
  readonly properties: ReadonlyMap<string, string>;
}

/** Ends the reading; what is wrong with the file, in a sentence about it. */
type Refuse = (what: string) => never;

/** Longer names and lists of dimensions are no network's. */
const longestName = 4096;
const mostDimensions = 32;
/** What properties may take together, as several may claim the same bytes. */
const mostPropertyBytes = 2 ** 24;

/** Where a table is, and its fields. */
interface Table {
  readonly position: number;
  /** By their place; 0: not there. */
  readonly offsets: readonly number[];
  readonly length: number;
}

/** Bytes that are near one another are read together: tables are small, and lie beside their tensors. */
const windowBytes = 4096;

const createReader = ({ size, read }: OrtCheckpointSource, refuse: Refuse) => {
  let start = 0;
  let view: DataView = new DataView(new ArrayBuffer(0));
  const damaged = (what: string): never => refuse(`is damaged or cut short: ${what}`);

  /** A view of at least `length` bytes there, and where in it they begin. */
  const at = (position: number, length: number, what: string): readonly [view: DataView, offset: number] => {
    if (position < 0 || position + length > size) {
      damaged(`${what} would be at byte ${position} of ${size}`);
    }
    if (position < start || position + length > start + view.byteLength) {
      const bytes = read(position, Math.min(Math.max(length, windowBytes), size - position));
      start = position;
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return [view, position - start];
  };
  const unsigned32 = (position: number, what: string): number => {
    const [bytes, offset] = at(position, 4, what);
    return bytes.getUint32(offset, true);
  };
  /** Where an offset at `position` leads to, which is forward. */
  const follow = (position: number, what: string): number => position + unsigned32(position, what);

  const table = (position: number, what: string): Table => {
    const [bytes, offset] = at(position, 4, what);
    const directory = position - bytes.getInt32(offset, true);
    const told = `the table of ${what}`;
    const [head, headOffset] = at(directory, 4, told);
    const [directoryBytes, length] = [head.getUint16(headOffset, true), head.getUint16(headOffset + 2, true)];
    if (directoryBytes < 4 || directoryBytes % 2 !== 0) damaged(`${told} would have ${directoryBytes} bytes`);
    at(position, length, what);
    const [entries, entriesOffset] = at(directory, directoryBytes, told);
    const offsets = Array.from({ length: (directoryBytes - 4) / 2 }, (_, index) =>
      entries.getUint16(entriesOffset + 4 + 2 * index, true),
    );
    return { position, offsets, length };
  };
  /** Where a field of `width` bytes is; undefined where the table leaves it out. */
  const field = ({ position, offsets, length }: Table, index: number, width: number, what: string) => {
    const offset = offsets[index] ?? 0;
    if (offset === 0) return undefined;
    if (offset + width > length) damaged(`${what} would be outside of its table`);
    return position + offset;
  };

  /** A list's first element, and how many there are. */
  const list = (position: number, width: number, what: string) => {
    const count = unsigned32(position, what);
    if (position + 4 + count * width > size) {
      damaged(`${what} would have ${count} entries at byte ${position} of ${size}`);
    }
    return { first: position + 4, count };
  };
  const listOf = (owner: Table, index: number, width: number, what: string) => {
    const place = field(owner, index, 4, what);
    return place === undefined ? undefined : list(follow(place, what), width, what);
  };

  return {
    root: (what: string) => table(follow(0, what), what),
    inner: (owner: Table, index: number, what: string): Table | undefined => {
      const place = field(owner, index, 4, what);
      return place === undefined ? undefined : table(follow(place, what), what);
    },
    /** One after the other; 0 of a list that is left out. */
    *tables(owner: Table, index: number, what: string): Generator<Table> {
      const { first, count } = listOf(owner, index, 4, what) ?? { first: 0, count: 0 };
      for (let place = 0; place < count; place += 1) yield table(follow(first + 4 * place, what), what);
    },
    bytes: (owner: Table, index: number, what: string) => listOf(owner, index, 1, what),
    int32: (owner: Table, index: number, what: string): number => {
      const place = field(owner, index, 4, what);
      return place === undefined ? 0 : unsigned32(place, what) | 0;
    },
    isSet: (owner: Table, index: number, what: string): boolean => {
      const place = field(owner, index, 1, what);
      if (place === undefined) return false;
      const [bytes, offset] = at(place, 1, what);
      return bytes.getUint8(offset) !== 0;
    },
    shape: (owner: Table, index: number, most: number, what: string): readonly number[] | undefined => {
      const found = listOf(owner, index, 8, what);
      if (!found) return undefined;
      if (found.count > most) return damaged(`${what} would have ${found.count} dimensions; expected ${most} at most`);
      const [bytes, offset] = at(found.first, 8 * found.count, what);
      return Array.from({ length: found.count }, (_, place) => Number(bytes.getBigInt64(offset + 8 * place, true)));
    },
    text: (owner: Table, index: number, most: number, what: string): string | undefined => {
      const found = listOf(owner, index, 1, what);
      if (!found) return undefined;
      if (found.count > most) return damaged(`${what} would have ${found.count} bytes; expected ${most} at most`);
      const [bytes, offset] = at(found.first, found.count, what);
      try {
        const characters = new Uint8Array(bytes.buffer, bytes.byteOffset + offset, found.count);
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(characters);
      } catch {
        return damaged(`${what} is not UTF-8`);
      }
    },
  };
};

type Reader = ReturnType<typeof createReader>;

const readTensor = (reader: Reader, table: Table, refuse: Refuse): OrtCheckpointTensor => {
  const fields = ortCheckpointFields.tensor;
  const name = reader.text(table, fields.name, longestName, "a tensor's name") ?? refuse("has a tensor without a name");
  const about = `tensor "${name}"`;
  const shape = reader.shape(table, fields.dims, mostDimensions, `the shape of ${about}`) ?? [];
  const { first = 0, count = 0 } = reader.bytes(table, fields.rawData, `the values of ${about}`) ?? {};
  const dataType = reader.int32(table, fields.dataType, `the type of ${about}`);
  return { name, dataType, shape, offset: first, bytes: count };
};

const readTensors = (reader: Reader, checkpoint: Table, size: number, refuse: Refuse): OrtCheckpoint["tensors"] => {
  const { trained, frozen, isNominal, hasExternalData } = ortCheckpointFields.moduleState;
  const about = "the state of its module";
  const state = reader.inner(checkpoint, ortCheckpointFields.checkpoint.moduleState, about);
  if (!state) return refuse("is an ONNX Runtime checkpoint without parameters");
  if (reader.isSet(state, isNominal, about)) {
    refuse("is a nominal checkpoint of ONNX Runtime, which names parameters and has no values");
  }
  if (reader.isSet(state, hasExternalData, about)) {
    refuse("is an ONNX Runtime checkpoint whose values are in another file; those of less than 2 GB are read");
  }
  const tensors = new Map<string, OrtCheckpointTensor>();
  let bytes = 0;
  for (const place of [trained, frozen]) {
    for (const table of reader.tables(state, place, "a tensor")) {
      const tensor = readTensor(reader, table, refuse);
      if (tensors.has(tensor.name)) refuse(`has two tensors named "${tensor.name}"`);
      tensors.set(tensor.name, tensor);
      bytes += tensor.bytes;
      if (bytes > size) refuse("is damaged: its tensors lie over one another");
    }
  }
  return [...tensors.values()];
};

const readProperties = (reader: Reader, checkpoint: Table, refuse: Refuse): OrtCheckpoint["properties"] => {
  const bag = reader.inner(checkpoint, ortCheckpointFields.checkpoint.propertyBag, "its list of properties");
  const properties = new Map<string, string>();
  if (!bag) return properties;
  const { name: nameField, value: valueField } = ortCheckpointFields.property;
  let left = mostPropertyBytes;
  for (const table of reader.tables(bag, ortCheckpointFields.propertyBag.strings, "a property")) {
    const name = reader.text(table, nameField, longestName, "a property's name") ?? "";
    const value = reader.text(table, valueField, left, `the property ${JSON.stringify(name)}`) ?? "";
    if (properties.has(name)) refuse(`has two properties named ${JSON.stringify(name)}`);
    left -= value.length;
    properties.set(name, value);
  }
  return properties;
};

/**
 * Parameters and properties; the parameters' values are left in the file, which may be of any size.
 * @param source a file that begins as such a checkpoint does
 * @param refuse told what is wrong with a file that is cut short, damaged or of another version
 */
export const readOrtCheckpoint = (source: OrtCheckpointSource, refuse: Refuse): OrtCheckpoint => {
  const reader = createReader(source, refuse);
  const checkpoint = reader.root("the checkpoint");
  const version = reader.int32(checkpoint, ortCheckpointFields.checkpoint.version, "its version");
  if (version !== ortCheckpointVersion) {
    refuse(`is an ONNX Runtime checkpoint of version ${version}; version ${ortCheckpointVersion} is read`);
  }
  return {
    tensors: readTensors(reader, checkpoint, source.size, refuse),
    properties: readProperties(reader, checkpoint, refuse),
  };
};
