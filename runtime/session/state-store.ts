/** The states while training, and how a run replaces them. */
import { Tensor } from "./onnxruntime.ts";
import type { Session } from "./open-session.ts";
import type { DeviceMemory } from "./device-memory.ts";
import type { State } from "./session-program.ts";
import { readTensor, type StoredTensor, type TensorData, zerosLike } from "./stored-tensor.ts";

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

export interface StateStore {
  /** By name; valid until the next run. */
  readonly state: () => Tensors;
  /** Runs a program on the states. @returns its other outputs */
  readonly run: (session: Session, feeds: Tensors) => Promise<Tensors>;
  readonly close: () => void;
}

const toTensor = ({ type, dims }: StoredTensor, data: TensorData): Tensor =>
  new Tensor(type, data as Tensor.DataType, dims);

/** The states, and the same tensors under the names of the outputs that fill them. */
interface Buffers {
  readonly state: Tensors;
  readonly next: Tensors;
}

const toBuffers = (states: readonly (readonly [State, Tensor])[]): Buffers => ({
  state: Object.fromEntries(states.map(([{ stored }, tensor]) => [stored.name, tensor])),
  next: Object.fromEntries(states.flatMap(([{ next }, tensor]) => (next === undefined ? [] : [[next, tensor]]))),
});

/** States in the host's memory, in two sets of buffers that ONNX Runtime reads and writes in turn. */
export const hostStates = async (states: readonly State[]): Promise<StateStore> => {
  const initial: [State, Tensor][] = [];
  for (const state of states) initial.push([state, toTensor(state.stored, await readTensor(state.stored))]);
  // A step reads one set of buffers and writes the other: writing where it reads would give silently wrong results,
  // as an output may be written before the input's last use. States that no step replaces are in both sets.
  const other = initial.map(([state, tensor]): [State, Tensor] => [
    state,
    state.next === undefined ? tensor : toTensor(state.stored, zerosLike(state.stored)),
  ]);
  let [current, spare] = [toBuffers(initial), toBuffers(other)];
  return {
    state: () => current.state,
    run: async (session, feeds) => {
      const others = session.outputNames.filter((name) => !Object.hasOwn(spare.next, name));
      const fetches = { ...spare.next, ...Object.fromEntries(others.map((name) => [name, null])) };
      const outputs = await session.run({ ...feeds, ...current.state }, fetches);
      [current, spare] = [spare, current];
      return Object.fromEntries(others.flatMap((name) => (outputs[name] ? [[name, outputs[name]]] : [])));
    },
    close: () => undefined,
  };
};

/**
 * States in the device's memory, where a run leaves its outputs. onnxruntime-node 1.30 does not write into tensors that are
 * given for outputs there, and frees none by itself: a replaced state is disposed of.
 */
export const deviceStates = async (states: readonly State[], memory: DeviceMemory): Promise<StateStore> => {
  const current: Record<string, Tensor> = {};
  for (const { stored } of states) {
    current[stored.name] = await memory.upload(toTensor(stored, await readTensor(stored)));
  }
  return {
    state: () => current,
    run: async (session, feeds) => {
      const outputs: Record<string, Tensor> = { ...(await session.run({ ...feeds, ...current })) };
      for (const { stored, next } of states) {
        if (next === undefined) continue;
        const replacement = outputs[next];
        if (!replacement) throw new Error(`the step gave no ${next}`);
        current[stored.name]?.dispose();
        current[stored.name] = replacement;
        delete outputs[next];
      }
      return outputs;
    },
    close: () => Object.values(current).forEach((tensor) => tensor.dispose()),
  };
};
