/**
 * ONNX Runtime 1.19.2, the last with a training API, as WebAssembly. Its package gives Node.js none of it, so it is loaded by its
 * file; what it gives is typed here as far as it is used.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface OrtTensor {
  readonly data: Float32Array | BigInt64Array | Uint8Array;
  readonly dims: readonly number[];
}

export type TrainingFeeds = Readonly<
  Record<string, { readonly type: string; readonly data: unknown; readonly dims: readonly number[] }>
>;

interface TrainingApi {
  readonly env: { readonly wasm: { numThreads: number }; logLevel: string };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  readonly TrainingSession: {
    readonly create: (
      files: Readonly<Record<"trainModel" | "evalModel" | "optimizerModel" | "checkpointState", Uint8Array>>,
      options: { readonly logSeverityLevel: number },
    ) => Promise<{
      readonly trainingInputNames: readonly string[];
      readonly runTrainStep: (feeds: Readonly<Record<string, OrtTensor>>) => Promise<Record<string, OrtTensor>>;
      readonly runOptimizerStep: () => Promise<void>;
      readonly lazyResetGrad: () => Promise<void>;
      readonly runEvalStep: (feeds: Readonly<Record<string, OrtTensor>>) => Promise<Record<string, OrtTensor>>;
      readonly getContiguousParameters: (trainableOnly: boolean) => Promise<OrtTensor>;
      readonly release: () => Promise<void>;
    }>;
  };
}

const build = new URL("../node_modules/onnxruntime-web-training/dist/ort.training.wasm.min.mjs", import.meta.url);

export interface OpenTraining {
  /** What a step is given. */
  readonly inputs: readonly string[];
  /** A part of a step; its gradients are added to those since the last reset. @returns the loss */
  readonly accumulate: (feeds: TrainingFeeds) => Promise<number>;
  readonly step: () => Promise<void>;
  readonly reset: () => Promise<void>;
  readonly evaluate: (feeds: TrainingFeeds) => Promise<{ readonly loss: number; readonly scores: Float32Array }>;
  /** One after the other, in the models' order. */
  readonly parameters: (trainedOnly: boolean) => Promise<Float32Array>;
  readonly close: () => Promise<void>;
}

/** @param folder of the four files @throws what ONNX Runtime does not take */
export const openTraining = async (
  folder: string,
  checkpointState: Uint8Array = readFileSync(join(folder, "checkpoint")),
): Promise<OpenTraining> => {
  const { env, Tensor, TrainingSession } = (await import(build.href)) as TrainingApi;
  env.wasm.numThreads = 1;
  env.logLevel = "error";
  const read = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)));
  const session = await TrainingSession.create(
    {
      trainModel: read("training_model.onnx"),
      evalModel: read("eval_model.onnx"),
      optimizerModel: read("optimizer_model.onnx"),
      checkpointState: new Uint8Array(checkpointState),
    },
    { logSeverityLevel: 3 },
  );
  const toTensors = (feeds: TrainingFeeds, names: readonly string[]): Record<string, OrtTensor> =>
    Object.fromEntries(
      names.map((name) => {
        const { type = "", data, dims = [] } = feeds[name] ?? {};
        return [name, new Tensor(type, data, dims)];
      }),
    );
  const evaluationInputs = [session.trainingInputNames[0] ?? "", "targets"];
  return {
    inputs: session.trainingInputNames,
    accumulate: async (feeds) => {
      const { loss } = await session.runTrainStep(toTensors(feeds, session.trainingInputNames));
      return Number(loss?.data[0]);
    },
    step: session.runOptimizerStep.bind(session),
    reset: session.lazyResetGrad.bind(session),
    evaluate: async (feeds) => {
      // The package calls them by the names of the training's outputs: what that has not is "undefined", and the last of these stays.
      const { loss, undefined: scores } = await session.runEvalStep(toTensors(feeds, evaluationInputs));
      return { loss: Number(loss?.data[0]), scores: Float32Array.from(scores?.data as Float32Array) };
    },
    parameters: async (trainedOnly) => {
      const { data } = await session.getContiguousParameters(trainedOnly);
      return Float32Array.from(data as Float32Array);
    },
    close: session.release.bind(session),
  };
};
