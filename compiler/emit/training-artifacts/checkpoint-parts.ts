/** The checkpoint of ONNX Runtime's training API, in parts, so that no two parameters' values are held at once. */
import { Builder, type Offset } from "flatbuffers";
import { onnxTypeNumbers } from "../../artifact/element-types.ts";
import { ortCheckpointFields, ortCheckpointIdentifier, ortCheckpointVersion } from "../../artifact/ort-checkpoint.ts";
import type { State } from "../../ir/graph.ts";
import { elements } from "../../ir/shape.ts";

export interface CheckpointContent {
  readonly trained: readonly State[];
  readonly frozen: readonly State[];
  /** What the application finds as the checkpoint's properties. */
  readonly texts: ReadonlyMap<string, string>;
  readonly numbers: ReadonlyMap<string, number>;
}

const { checkpoint, moduleState, propertyBag, property, tensor } = ortCheckpointFields;

/** A table with these fields, each written by its own function; of what they lead to, all is written before. */
const writeTable = (
  b: Builder,
  fields: Readonly<Record<string, number>>,
  write: Readonly<Record<number, Offset | ((place: number) => void)>>,
): Offset => {
  b.startObject(Object.keys(fields).length);
  for (const [place, value] of Object.entries(write)) {
    if (typeof value === "number") b.addFieldOffset(Number(place), value, 0);
    else value(Number(place));
  }
  return b.endObject();
};

const writeList = (b: Builder, offsets: readonly Offset[]): Offset => {
  b.startVector(4, offsets.length, 4);
  for (const offset of offsets.toReversed()) b.addOffset(offset);
  return b.endVector();
};

const writeShape = (b: Builder, shape: readonly number[]): Offset => {
  b.startVector(8, shape.length, 8);
  for (const length of shape.toReversed()) b.addInt64(BigInt(length));
  return b.endVector();
};

const writeProperties = (b: Builder, { texts, numbers }: CheckpointContent): Offset => {
  const strings = [...texts].map(([name, value]) =>
    writeTable(b, property, { [property.name]: b.createString(name), [property.value]: b.createString(value) }),
  );
  const floats = [...numbers].map(([name, value]) =>
    writeTable(b, property, {
      [property.name]: b.createString(name),
      [property.value]: (place) => b.addFieldFloat32(place, value, 0),
    }),
  );
  const [floatList, stringList] = [writeList(b, floats), writeList(b, strings)];
  return writeTable(b, propertyBag, { [propertyBag.floats]: floatList, [propertyBag.strings]: stringList });
};

const byteLength = ({ value }: State): number => 4 * elements(value.type.shape);

/**
 * All but the parameters' values. Offsets of a flatbuffer lead forward: those to the values, which follow one after the other, each
 * behind its length, are filled in when it is known where they begin.
 */
const encodeHead = (content: CheckpointContent): Uint8Array => {
  const b = new Builder(2 ** 16);
  /** Where the offset to a parameter's values is, counted from the end. */
  const places: { readonly state: State; readonly fromEnd: number }[] = [];
  const writeTensors = (states: readonly State[]): Offset =>
    writeList(
      b,
      states.map((state) => {
        const { name, type } = state.value;
        return writeTable(b, tensor, {
          [tensor.name]: b.createString(name),
          [tensor.dims]: writeShape(b, type.shape.map(Number)),
          [tensor.dataType]: (place) => b.addFieldInt32(place, onnxTypeNumbers.float32, 0),
          [tensor.rawData]: (place) => {
            b.addFieldInt32(place, 0, null);
            places.push({ state, fromEnd: b.offset() });
          },
        });
      }),
    );
  const parameters = writeTable(b, moduleState, {
    [moduleState.trained]: writeTensors(content.trained),
    [moduleState.frozen]: writeTensors(content.frozen),
  });
  const root = writeTable(b, checkpoint, {
    [checkpoint.version]: (place) => b.addFieldInt32(place, ortCheckpointVersion, 0),
    [checkpoint.moduleState]: parameters,
    [checkpoint.propertyBag]: writeProperties(b, content),
  });
  b.finish(root, ortCheckpointIdentifier);
  const head = b.asUint8Array().slice();
  const view = new DataView(head.buffer);
  let values = head.length;
  for (const { state, fromEnd } of places) {
    const place = head.length - fromEnd;
    view.setUint32(place, values - place, true);
    values += 4 + byteLength(state);
  }
  return head;
};

const lengthPrefix = (bytes: number): Uint8Array => new Uint8Array(Uint32Array.of(bytes).buffer);

/** The file, from its beginning to its end. @param read a parameter's values */
export function* checkpointParts(
  content: CheckpointContent,
  read: (state: State) => Float32Array,
): Generator<Uint8Array> {
  yield encodeHead(content);
  for (const state of [...content.trained, ...content.frozen]) {
    const { buffer, byteOffset, byteLength: bytes } = read(state);
    yield lengthPrefix(bytes);
    yield new Uint8Array(buffer, byteOffset, bytes);
  }
}

/** Of the whole file, in bytes. */
export const checkpointSize = (content: CheckpointContent): number =>
  [...content.trained, ...content.frozen].reduce(
    (total, state) => total + 4 + byteLength(state),
    encodeHead(content).length,
  );
