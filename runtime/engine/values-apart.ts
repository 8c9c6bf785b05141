/** Values of tensors beside the message that names them. */
import { encodeValues } from "../../compiler/artifact/external-data.ts";
import { DataLocation, type onnx } from "../../compiler/artifact/onnx.ts";

type DataFiles = ReadonlyMap<string, Uint8Array>;

/** Fewer bytes stay where they are. */
const leastBytes = 1024;

/**
 * The model with the values of its large tensors as data files in memory, which ONNX Runtime takes as they lie: in the message they are
 * copied as it grows, and once more as it is read. One with data files of its own stays as it is: ONNX Runtime (1.30) wants all of a
 * model's in memory, or none.
 * @param given the data files that it has in memory already
 */
export const valuesApart = (
  model: onnx.IModelProto,
  given: DataFiles = new Map(),
): { readonly model: onnx.IModelProto; readonly dataFiles: DataFiles } => {
  const tensors = model.graph?.initializer ?? [];
  if (tensors.some(({ dataLocation }) => dataLocation === DataLocation.EXTERNAL)) return { model, dataFiles: given };
  const dataFiles = new Map<string, Uint8Array>();
  const initializer = tensors.map((tensor): onnx.ITensorProto => {
    const bytes = tensor.rawData ?? new Uint8Array();
    if (bytes.length < leastBytes) return tensor;
    const location = `tensor-${dataFiles.size}`;
    dataFiles.set(location, bytes);
    return {
      ...tensor,
      ...encodeValues({ kind: "external", place: { location, offset: 0, length: bytes.length } }),
      rawData: null,
    };
  });
  return { model: { ...model, graph: { ...model.graph, initializer } }, dataFiles };
};
