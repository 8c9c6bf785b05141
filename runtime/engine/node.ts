/** ONNX Runtime for Node.js, without its telemetry; the linter keeps every other file from loading the library. */
// Modules are evaluated in the order of these lines.
import "./disable-telemetry.ts";
import { dirname } from "node:path";
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import { encodeOnnx, type onnx } from "../../compiler/artifact/onnx.ts";
import { env, InferenceSession, listSupportedBackends, Tensor } from "onnxruntime-node";
import type { Engine, HostTensor, SessionOptions } from "./engine.ts";
import { fromNative, nativeOptions, toNative } from "./native.ts";
import { valuesApart } from "./values-apart.ts";

/**
 * onnxruntime-node (1.30) writes outputs into the tensors that it is given, and then copies each into a new array all the
 * same: another set of states, made anew in each step. It goes through the outputs in order and ends at one that is no tensor,
 * when all are written and none is copied; such a one, an empty sequence, is put in front.
 */
const copyStop = "engine/copy-stop";
const atCopyStop = "Non tensor type is temporarily not supported.";

const withCopyStop = (model: onnx.IModelProto): onnx.IModelProto => {
  const { node, output } = model.graph ?? {};
  const sequenceType = { elemType: { tensorType: { elemType: onnxTypeNumbers.float32 } } };
  return {
    ...model,
    graph: {
      ...model.graph,
      node: [{ opType: "SequenceEmpty", name: copyStop, output: [copyStop] }, ...(node ?? [])],
      output: [{ name: copyStop, type: { sequenceType } }, ...(output ?? [])],
    },
  };
};

/** Threads of ONNX Runtime (1.30) wait for more work some 30 ms after a run, each on a core that it keeps busy: here they end with the run. */
const restsAfterRuns = { force_spinning_stop: "1" };

const openNative = (graph: Parameters<Engine["open"]>[0], options: SessionOptions): Promise<InferenceSession> => {
  const { device, dataBeside } = options;
  if (typeof graph === "string") return InferenceSession.create(graph, nativeOptions(options, device, restsAfterRuns));
  const folder = dataBeside === undefined ? {} : { model_external_initializers_file_folder_path: dirname(dataBeside) };
  const others = { ...restsAfterRuns, ...folder };
  if (graph instanceof Uint8Array) return InferenceSession.create(graph, nativeOptions(options, device, others));
  const { model, dataFiles } = valuesApart(graph, options.dataFiles);
  const native = nativeOptions({ ...options, dataFiles }, device, others);
  return InferenceSession.create(encodeOnnx(options.outputsAreGiven ? withCopyStop(model) : model), native);
};

const create = ({ type, data, dims }: HostTensor): Tensor => new Tensor(type, data as never, dims);

export const nodeEngine: Engine = {
  version: env.versions.node ?? "unknown",
  tilesAttention: true,
  providers: () => listSupportedBackends().map(({ name }) => name),
  open: async (graph, options) => {
    const session = await openNative(graph, options);
    return {
      inputNames: session.inputNames,
      outputNames: session.outputNames.filter((name) => name !== copyStop),
      run: async (feeds) => fromNative(await session.run(toNative(feeds, create))),
      runInto: async (feeds, outputs) => {
        try {
          await session.run(toNative(feeds, create), { [copyStop]: null, ...toNative(outputs, create) });
        } catch (error) {
          if (!(error instanceof Error && error.message.startsWith(atCopyStop))) throw error;
        }
      },
      release: () => session.release(),
    };
  },
};
