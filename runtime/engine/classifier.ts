/** Runs the inference graph on waveforms. */
import { names } from "../../compiler/artifact/names.ts";
import type { Device } from "./device.ts";
import { UserError } from "../user-error.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { type Engine, type EngineSession, type HostTensor, onHost, type Tensors } from "./engine.ts";
import { openSession } from "./open-session.ts";
import { requireFit } from "./require-fit.ts";
import { inferenceProgram } from "./session-program.ts";

/** What the model says of a batch of clips, both [batch, classes] in row-major order. */
export interface Classification {
  readonly logits: Float32Array;
  readonly scores: Float32Array;
}

export interface Classifier {
  /** @param waveform [batch, samples] */
  readonly classify: (waveform: HostTensor) => Promise<Classification>;
  readonly close: () => Promise<void>;
}

const toClassifier = (
  session: EngineSession,
  { path, metadata }: Artifact,
  device: Device,
  parameters: () => Tensors = () => ({}),
): Classifier => ({
  classify: async (waveform) => {
    const [clips = 0, samples = 0] = waveform.dims;
    requireFit(metadata, device, "inference", { batch: clips, samples });
    const inputs = Object.entries(parameters()).filter(([name]) => session.inputNames.includes(name));
    const outputs = await session.run({ ...Object.fromEntries(inputs), [names.waveform]: waveform });
    const [logits, scores] = [names.logits, names.scores].map((name) => outputs[name] && onHost(outputs[name]).data);
    const isComplete = (values: unknown): values is Float32Array =>
      values instanceof Float32Array && values.length === clips * metadata.classes.length;
    if (isComplete(logits) && isComplete(scores)) return { logits, scores };
    throw new UserError(
      "scores-misfit-classes",
      { path, classes: metadata.classes.length },
      `the graph gives no score to each of its ${metadata.classes.length} classes`,
    );
  },
  close: () => session.release(),
});

/**
 * Opens the artifact as it was read, from its file or from bytes.
 * @throws UserError when ONNX Runtime refuses it.
 */
export const openClassifier = async (engine: Engine, artifact: Artifact, device: Device): Promise<Classifier> =>
  toClassifier(await openSession(engine, artifact, artifact, device, { data: artifact }), artifact, device);

/**
 * Opens the artifact's inference graph on parameters that are in memory, such as those in training; nothing is copied.
 * @param parameters asked for at each batch
 * @throws UserError when ONNX Runtime refuses it.
 */
export const openClassifierOn = async (
  engine: Engine,
  artifact: Artifact,
  device: Device,
  parameters: () => Tensors,
): Promise<Classifier> =>
  toClassifier(await openSession(engine, artifact, inferenceProgram(artifact), device), artifact, device, parameters);
