/**
 * ONNX files: the one place that knows protobuf. The messages are those of onnx.proto. `#onnx-proto` is the code that the npm
 * package onnx-proto generated, as the build copies it to `dist/vendor/`: the package itself depends on protobufjs 6.
 */
import onnxProto, { type onnx } from "#onnx-proto";
import type { NodeValues } from "./nodes-leading-to.ts";

export type { onnx };

const { AttributeProto, ModelProto, TensorProto } = onnxProto.onnx;

export const { AttributeType } = AttributeProto;
export const { DataLocation, DataType } = TensorProto;

/** @throws RangeError where the bytes end too early, another error where they are no model */
export const decodeOnnx = (bytes: Uint8Array): onnx.ModelProto => ModelProto.decode(bytes);

export const encodeOnnx = (model: onnx.IModelProto): Uint8Array => ModelProto.encode(model).finish();

export const valuesOf = ({ input, output }: onnx.INodeProto): NodeValues => ({
  inputs: input ?? [],
  outputs: output ?? [],
});

/** The names of the tensors that training replaces. */
export const replacedBy = ({ trainingInfo }: onnx.IModelProto): ReadonlySet<string> =>
  new Set((trainingInfo ?? []).flatMap(({ updateBinding }) => updateBinding?.map(({ key }) => key ?? "") ?? []));
