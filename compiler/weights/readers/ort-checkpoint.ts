/** A checkpoint of ONNX Runtime's training API, as `compile --artifacts` writes it and applications save it. */
import { onnxTypeNumbers } from "../../artifact/element-types.ts";
import { readOrtCheckpoint } from "../../artifact/ort-checkpoint.ts";
import type { ByteSource } from "./byte-source.ts";
import { type Checkpoint, tensorEntry } from "./checkpoint.ts";
import { refuseAt } from "./checkpoint-error.ts";
import { byteLength, type DType } from "./dtype.ts";
import { nameProblem } from "./name-problem.ts";

const types: ReadonlyMap<number, DType> = new Map([
  ...(["float32", "int32", "int64", "bool", "float16"] as const).map((type) => [onnxTypeNumbers[type], type] as const),
  [11, "float64"],
]);

/** @throws CheckpointError where the file is cut short, damaged, or of another version */
export const readTrainingApiCheckpoint = (source: ByteSource): Checkpoint => {
  const { tensors, properties } = readOrtCheckpoint(source, refuseAt(source.path));
  const entries = tensors.map(({ name, dataType, shape, offset, bytes }) => {
    const problem = nameProblem(name);
    if (problem !== undefined) refuseAt(source.path)(`a tensor is refused: ${problem}`);
    const refuse = refuseAt(source.path, `tensor "${name}"`);
    const dtype = types.get(dataType) ?? refuse(`has elements of ONNX's type ${dataType}, which are no weights`);
    const length = byteLength(dtype, shape) ?? refuse(`has an impossible shape [${shape.join(", ")}]`);
    if (length !== bytes) refuse(`has ${bytes} bytes; its shape [${shape.join(", ")}] of ${dtype} needs ${length}`);
    return [name, tensorEntry(name, dtype, shape, () => source.read(offset, bytes))] as const;
  });
  return { format: "onnx-checkpoint", tensors: new Map(entries), objects: new Map(), metadata: properties };
};
