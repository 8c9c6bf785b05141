/** Runs training steps; the states stay in buffers that ONNX Runtime reads and writes itself. */
import { Tensor } from "onnxruntime-node";
import { names } from "../../compiler/artifact.ts";
import type { Device } from "./device.ts";
import { openSession } from "./open-session.ts";
import type { Artifact } from "./read-artifact.ts";
import { type State, trainingProgram } from "./session-program.ts";
import { readTensor, type StoredTensor, type TensorData, zerosLike } from "./stored-tensor.ts";

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

export interface TrainingSession {
  /**
   * One optimizer step.
   * @param feeds the graph's `waveform` [batch, samples], `targets` [batch, classes] and `learning_rate` []
   * @returns the batch's loss before the step
   */
  readonly step: (feeds: Tensors) => Promise<number>;
  /** The parameters and optimizer states as the last step left them; valid until the next step. */
  readonly state: () => Tensors;
  readonly close: () => Promise<void>;
}

/** The states, and the same tensors under the names of the outputs that fill them. */
interface Buffers {
  readonly state: Tensors;
  readonly next: Tensors;
}

const toTensor = ({ type, dims }: StoredTensor, data: TensorData): Tensor =>
  new Tensor(type, data as Tensor.DataType, dims);

const toBuffers = (states: readonly (readonly [State, Tensor])[]): Buffers => ({
  state: Object.fromEntries(states.map(([{ stored }, tensor]) => [stored.name, tensor])),
  next: Object.fromEntries(states.flatMap(([{ next }, tensor]) => (next === undefined ? [] : [[next, tensor]]))),
});

/**
 * Opens the artifact's training program on its parameters.
 * @throws UserError when it has none, or ONNX Runtime refuses it.
 */
export const openTrainingSession = async (artifact: Artifact, device: Device): Promise<TrainingSession> => {
  const { bytes, states } = trainingProgram(artifact);
  const session = await openSession(artifact, bytes, device);

  const initial: [State, Tensor][] = [];
  for (const state of states) initial.push([state, toTensor(state.stored, await readTensor(state.stored))]);
  // A step reads one set of buffers and writes the other: writing where it reads would give silently wrong results,
  // as an output may be written before the input's last use. States that no step replaces are in both sets.
  const other = initial.map(([state, tensor]): [State, Tensor] => [
    state,
    state.next === undefined ? tensor : toTensor(state.stored, zerosLike(state.stored)),
  ]);
  let [current, spare] = [toBuffers(initial), toBuffers(other)];

  const loss = new Tensor("float32", new Float32Array(1), []);
  const step = async (feeds: Tensors): Promise<number> => {
    await session.run({ ...feeds, ...current.state }, { ...spare.next, [names.loss]: loss });
    [current, spare] = [spare, current];
    return Number(loss.data[0]);
  };
  return { step, state: () => current.state, close: () => session.release() };
};
