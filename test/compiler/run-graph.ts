/** Runs what a builder has written in ONNX Runtime. */
import { decodeOnnx, encodeOnnx } from "../../compiler/artifact/onnx.ts";
import { InferenceSession, type Tensor } from "../onnxruntime.ts";
import { encodeModel } from "../../compiler/emit/encode-model.ts";
import type { Graph, Value } from "../../compiler/ir/graph.ts";
import { initialize } from "../../compiler/weights/initialize.ts";
import { programOf } from "./program-of.ts";

const asBytes = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** The model of a graph; every output belongs to inference, parameters have their initial values. */
export const encodeGraph = (
  graph: Graph,
  values: (name: string) => Float32Array | undefined = () => undefined,
): Uint8Array =>
  encodeOnnx(
    encodeModel(
      programOf(graph, graph.outputs),
      (state) => ({ kind: "inline", bytes: asBytes(values(state.value.name) ?? initialize(state, 0)) }),
      [],
      "test",
    ),
  );

/** The version of the operator set that a graph's model imports. */
export const opsetVersion = (graph: Graph): number => Number(decodeOnnx(encodeGraph(graph)).opsetImport[0]?.version);

/** The results, in the order of the graph's outputs. */
export const runGraph = async (
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
  values?: (name: string) => Float32Array | undefined,
  options: InferenceSession.SessionOptions = {},
): Promise<readonly Tensor[]> => {
  const session = await InferenceSession.create(encodeGraph(graph, values), { logSeverityLevel: 3, ...options });
  const read = new Set(session.inputNames);
  const results = await session.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => read.has(name))));
  await session.release();
  return graph.outputs.map(({ name }: Value) => {
    const result = results[name];
    if (!result) throw new Error(`no result ${name}`);
    return result;
  });
};
