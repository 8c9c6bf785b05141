/** A trained graph as bytes: the artifact that it came from, with other parameters. */
import { encodeValues, type Values } from "../../compiler/artifact/external-data.ts";
import { encodeOnnx, type onnx } from "../../compiler/artifact/onnx.ts";
import type { Artifact } from "./decode-artifact.ts";

/** A parameter's values on the host; asked for one at a time. */
export type ReadValues = (name: string) => Promise<{ readonly data: unknown }>;

export const readBytes = async (read: ReadValues, name: string): Promise<Uint8Array> => {
  const { data } = await read(name);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new Error(`${name} has no values to write`);
};

/** @param valuesOf an initializer's new values; undefined where it stays as it is */
export const encodeWith = (model: onnx.IModelProto, valuesOf: (name: string) => Values | undefined): Uint8Array => {
  const { graph } = model;
  const initializer = (graph?.initializer ?? []).map((tensor) => {
    const values = valuesOf(tensor.name ?? "");
    return values ? { ...tensor, ...encodeValues(values) } : tensor;
  });
  return encodeOnnx({ ...model, graph: { ...graph, initializer } });
};

/**
 * The artifact with these parameters, in one piece, whatever it was before; its training program starts afresh from them.
 * @returns a `graph.onnx` without a data file, of less than 2 GiB
 */
export const encodeArtifact = async (
  { model, parameters }: Pick<Artifact, "model" | "parameters">,
  read: ReadValues,
): Promise<Uint8Array> => {
  const inline = new Map<string, Values>();
  for (const { name } of parameters) inline.set(name, { kind: "inline", bytes: await readBytes(read, name) });
  return encodeWith(model, (name) => inline.get(name));
};
