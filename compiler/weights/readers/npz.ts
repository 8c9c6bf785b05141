/** Reads NumPy's `.npz`: a zip archive of `.npy` arrays (format versions 1 to 3). */
import type { ByteSource } from "./byte-source.ts";
import { type Checkpoint, type TensorEntry, tensorEntry } from "./checkpoint.ts";
import { type Refuse, refuseAt } from "./checkpoint-error.ts";
import { byteLength, type DType, dtypeNames, dtypes } from "./dtype.ts";
import { gatherView, orderedStrides } from "./gather-view.ts";
import type { Zip, ZipEntry } from "./zip.ts";

const magic = Buffer.from("\x93NUMPY", "latin1");
/** NumPy itself refuses longer headers. */
const longestHeader = 10_000;

interface NpyHeader {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly isFortranOrder: boolean;
  /** Where the elements start. */
  readonly dataOffset: number;
}

const parseDType = (descr: string, refuse: Refuse): DType => {
  const dtype = dtypeNames.find((name) => dtypes[name].numpy === descr);
  if (dtype !== undefined) return dtype;
  if (descr.startsWith(">"))
    return refuse(`is big endian ("${descr}"); save it little endian: array.astype("<${descr.slice(1)}")`);
  const known = dtypeNames.flatMap((name) => dtypes[name].numpy ?? []).join(" ");
  return refuse(`has elements of type "${descr}"; expected one of ${known}`);
};

/** The three fields of the header, which is the text of a Python dictionary. */
const parseHeader = (text: string, refuse: Refuse): Omit<NpyHeader, "dataOffset"> => {
  const descr = /['"]descr['"]\s*:\s*['"]([^'"]*)['"]/.exec(text)?.[1];
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text)?.[1];
  const dimensions = /['"]shape['"]\s*:\s*\(([^()]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || dimensions === undefined) {
    return refuse(`has no readable header: ${JSON.stringify(text.trim().slice(0, 200))}`);
  }
  // NumPy under Python 2 wrote (3L, 4L).
  const parts = dimensions.split(",").map((part) => part.trim().replace(/L$/, ""));
  const shape = parts.filter((part, index) => part !== "" || index < parts.length - 1).map(parseDimension);
  const dtype = parseDType(descr, refuse);
  if (byteLength(dtype, shape) === undefined) return refuse(`has an impossible shape (${dimensions})`);
  return { dtype, shape, isFortranOrder: order === "True" };
};

const parseDimension = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.NaN);

const readHeader = (zip: Zip, entry: ZipEntry, refuse: Refuse): NpyHeader => {
  const start = (length: number): Buffer => {
    const bytes = zip.readStart(entry, length);
    if (bytes.length < length) return refuse(`is truncated: its header needs ${length} bytes, it has ${bytes.length}`);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  const fixed = start(12);
  if (!fixed.subarray(0, magic.length).equals(magic))
    return refuse("is not a .npy array (its magic number is missing)");
  const version = fixed.readUInt8(6);
  if (version < 1 || version > 3) return refuse(`has .npy version ${version}; expected 1, 2 or 3`);
  const [textOffset, textBytes] = version === 1 ? [10, fixed.readUInt16LE(8)] : [12, fixed.readUInt32LE(8)];
  if (textBytes > longestHeader) return refuse(`has a header of ${textBytes} bytes; expected at most ${longestHeader}`);
  const dataOffset = textOffset + textBytes;
  const text = start(dataOffset).toString(version === 3 ? "utf8" : "latin1", textOffset, dataOffset);
  return { ...parseHeader(text, refuse), dataOffset };
};

const readEntry = (source: ByteSource, zip: Zip, entry: ZipEntry): TensorEntry => {
  const refuse = refuseAt(source.path, `entry "${entry.name}"`);
  if (!entry.name.endsWith(".npy")) return refuse("is not an array; expected names that end in .npy");
  const { dtype, shape, isFortranOrder, dataOffset } = readHeader(zip, entry, refuse);
  const bytes = byteLength(dtype, shape) ?? 0;
  if (dataOffset + bytes !== entry.bytes) {
    refuse(`declares ${bytes} bytes of ${dtype} [${shape.join(", ")}], but holds ${entry.bytes - dataOffset}`);
  }
  const strides = orderedStrides(shape, isFortranOrder);
  return tensorEntry(entry.name.slice(0, -".npy".length), dtype, shape, () =>
    gatherView(zip.read(entry).subarray(dataOffset), dtypes[dtype].bytes, shape, strides),
  );
};

export const readNpz = (source: ByteSource, zip: Zip): Checkpoint => {
  const entries = [...zip.entries.values()].map((entry) => readEntry(source, zip, entry));
  return {
    format: "npz",
    tensors: new Map(entries.map((entry) => [entry.name, entry])),
    objects: new Map(),
    metadata: new Map(),
  };
};
