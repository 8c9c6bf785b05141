/** Runs the part of the inference graph that makes features of waveforms. */
import { framesSeen } from "../../compiler/artifact/frames.ts";
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import type { onnx } from "../../compiler/artifact/onnx.ts";
import { names } from "../../compiler/artifact/names.ts";
import { cutProgram } from "./cut-program.ts";
import { cpuDevice } from "./device.ts";
import { UserError } from "../user-error.ts";
import { type Engine, onHost } from "./engine.ts";
import { openSession } from "./open-session.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";

export interface FeatureExtractor {
  /**
   * @param waveform one clip
   * @returns its normalised log-mel features, [frames, bins] in row-major order
   */
  readonly extract: (waveform: Float32Array) => Promise<Float32Array>;
  readonly close: () => Promise<void>;
}

/** The part of the graph that leads to its features. */
const featuresProgram = (artifact: Artifact): onnx.IModelProto => {
  const waveform = artifact.model.graph?.input?.find(({ name }) => name === names.waveform) ?? { name: names.waveform };
  const tensorType = { elemType: onnxTypeNumbers.float32 };
  return cutProgram(artifact, waveform, { name: names.features, type: { tensorType } });
};

/**
 * Opens the front end of a graph that takes waveforms; on the CPU, which decoding outlasts.
 * @throws UserError when ONNX Runtime refuses it.
 */
export const openFeatureExtractor = async (engine: Engine, artifact: Artifact): Promise<FeatureExtractor> => {
  const session = await openSession(engine, artifact, featuresProgram(artifact), cpuDevice);
  return {
    extract: async (waveform) => {
      const input = { type: "float32", data: waveform, dims: [1, waveform.length] } as const;
      const output = (await session.run({ [names.waveform]: input }))[names.features];
      const features = output && onHost(output).data;
      const { bins } = artifact.metadata;
      const frames = framesSeen(waveform.length, artifact.metadata);
      if (features instanceof Float32Array && features.length === frames * bins) return features;
      throw new UserError(
        "features-misfit",
        { path: artifact.path, frames, bins },
        `the graph makes no features of ${frames} frames and ${bins} bins`,
      );
    },
    close: () => session.release(),
  };
};
