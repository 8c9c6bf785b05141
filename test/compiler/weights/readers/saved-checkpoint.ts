/**
 * A checkpoint as ONNX Runtime saves one after training (orttraining/orttraining/training_api/checkpoint.cc of 1.19.2): each tensor's
 * values before its table, the optimizer's moments and properties of all three kinds; and as it must not be.
 */
import { Builder, type Offset } from "flatbuffers";
import { onnxTypeNumbers } from "../../../../compiler/artifact/element-types.ts";

export interface SavedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Tensors with the same array share their bytes in the file. */
  readonly values: Float32Array;
  /** ONNX's number. Default: float32. */
  readonly type?: number;
}

export interface SavedCheckpoint {
  readonly trained: readonly SavedTensor[];
  readonly frozen?: readonly SavedTensor[];
  readonly texts?: readonly (readonly [name: string, value: string])[];
  readonly version?: number;
  readonly identifier?: string;
  readonly isNominal?: boolean;
  readonly hasExternalData?: boolean;
  /** Default: true. */
  readonly hasModule?: boolean;
}

const list = (b: Builder, offsets: readonly Offset[]): Offset => {
  b.startVector(4, offsets.length, 4);
  for (const offset of offsets.toReversed()) b.addOffset(offset);
  return b.endVector();
};

const table = (b: Builder, fields: number, write: () => void): Offset => {
  b.startObject(fields);
  write();
  return b.endObject();
};

const tensor = (
  b: Builder,
  { name, shape, values, type = onnxTypeNumbers.float32 }: SavedTensor,
  written: Map<Float32Array, Offset>,
): Offset => {
  const nameOffset = b.createString(name);
  b.startVector(8, shape.length, 8);
  for (const length of shape.toReversed()) b.addInt64(BigInt(length));
  const dims = b.endVector();
  const { buffer, byteOffset, byteLength } = values;
  const data = written.get(values) ?? b.createByteVector(new Uint8Array(buffer, byteOffset, byteLength));
  written.set(values, data);
  return table(b, 7, () => {
    b.addFieldOffset(0, nameOffset, 0);
    b.addFieldOffset(2, dims, 0);
    b.addFieldInt32(3, type, 0);
    b.addFieldOffset(4, data, 0);
  });
};

const tensors = (b: Builder, all: readonly SavedTensor[]): Offset => {
  const written = new Map<Float32Array, Offset>();
  const offsets = all.map((each) => tensor(b, each, written));
  return list(b, offsets);
};

const optimizerGroups = (b: Builder, trained: readonly SavedTensor[]): Offset => {
  const states = trained.map(({ name, shape, values }) => {
    const moments = tensors(
      b,
      ["momentum0", "momentum1"].map((moment) => ({ name: moment, shape, values: new Float32Array(values.length) })),
    );
    const nameOffset = b.createString(name);
    return table(b, 2, () => {
      b.addFieldOffset(0, nameOffset, 0);
      b.addFieldOffset(1, moments, 0);
    });
  });
  const [group, stateList] = [b.createString("group0"), list(b, states)];
  const groupOffset = table(b, 4, () => {
    b.addFieldOffset(0, group, 0);
    b.addFieldInt64(1, 20n, 0n);
    b.addFieldFloat32(2, 1e-3, 0);
    b.addFieldOffset(3, stateList, 0);
  });
  return list(b, [groupOffset]);
};

const properties = (b: Builder, texts: SavedCheckpoint["texts"] = []): Offset => {
  const [epochs, rate] = [b.createString("epochs"), b.createString("learning_rate")];
  const integer = table(b, 2, () => {
    b.addFieldOffset(0, epochs, 0);
    b.addFieldInt64(1, 3n, 0n);
  });
  const float = table(b, 2, () => {
    b.addFieldOffset(0, rate, 0);
    b.addFieldFloat32(1, 1e-3, 0);
  });
  const strings = texts.map(([name, value]) => {
    const [nameOffset, valueOffset] = [b.createString(name), b.createString(value)];
    return table(b, 2, () => {
      b.addFieldOffset(0, nameOffset, 0);
      b.addFieldOffset(1, valueOffset, 0);
    });
  });
  const lists = [[integer], [float], strings].map((offsets) => list(b, offsets));
  return table(b, 3, () => lists.forEach((offset, place) => b.addFieldOffset(place, offset, 0)));
};

export const savedCheckpoint = ({
  trained,
  frozen = [],
  texts,
  version = 2,
  identifier = "ODTC",
  isNominal = false,
  hasExternalData = false,
  hasModule = true,
}: SavedCheckpoint): Buffer => {
  const b = new Builder(1024);
  const [trainedList, frozenList] = [tensors(b, trained), tensors(b, frozen)];
  const moduleOffset = table(b, 4, () => {
    b.addFieldOffset(0, trainedList, 0);
    b.addFieldOffset(1, frozenList, 0);
    b.addFieldInt8(2, Number(isNominal), 0);
    b.addFieldInt8(3, Number(hasExternalData), 0);
  });
  const [groups, bag] = [optimizerGroups(b, trained), properties(b, texts)];
  const root = table(b, 4, () => {
    b.addFieldInt32(0, version, 0);
    if (hasModule) b.addFieldOffset(1, moduleOffset, 0);
    b.addFieldOffset(2, groups, 0);
    b.addFieldOffset(3, bag, 0);
  });
  b.finish(root, identifier);
  return Buffer.from(b.asUint8Array());
};
