/** The states while training, and how a stage replaces them. */
import type { DeviceMemory } from "./device-memory.ts";
import type { EngineSession, HostTensor, HostTensors, Tensor, Tensors } from "./engine.ts";
import type { Stage } from "./session-program.ts";
import { readTensor, type StoredTensor, zerosLike } from "../artifact/stored-tensor.ts";

/** A stage, ready to run. */
export interface OpenStage extends Stage {
  readonly session: EngineSession;
}

export interface StateStore {
  /** By name; valid until the next run. */
  readonly state: () => Tensors;
  /**
   * Runs a stage on the states.
   * @param feeds its other inputs, among others
   * @param others what its other outputs may be written into
   * @returns its other outputs
   */
  readonly run: (stage: OpenStage, feeds: Tensors, others: HostTensors) => Promise<Tensors>;
  /** Has states changed on the host, in place: those that are elsewhere are brought there and back. */
  readonly change: (names: readonly string[], act: (values: readonly HostTensor[]) => Promise<void>) => Promise<void>;
  readonly close: () => void;
}

const load = async (state: StoredTensor): Promise<HostTensor> => {
  const { type, dims } = state;
  return { type, dims, data: await readTensor(state) };
};

const stateIn = <Kind extends Tensor>(current: Readonly<Record<string, Kind>>, name: string): Kind => {
  const tensor = current[name];
  if (!tensor) throw new Error(`no state is called ${name}`);
  return tensor;
};

const inputsOf = ({ session, reads }: OpenStage, feeds: Tensors, current: Tensors): Tensors => {
  const isRead = new Set(session.inputNames);
  return Object.fromEntries([
    ...Object.entries(feeds).filter(([name]) => isRead.has(name)),
    ...reads.flatMap(({ name }) => (current[name] ? [[name, current[name]] as const] : [])),
  ]);
};

/**
 * States in the host's memory. A replacement is written into its state's own buffer where that is safe; elsewhere into a
 * second buffer, in turn: writing where a stage still reads gives silently wrong results.
 */
export const hostStates = async (states: readonly StoredTensor[]): Promise<StateStore> => {
  const stored = new Map(states.map((state) => [state.name, state]));
  const current: Record<string, HostTensor> = {};
  for (const state of states) current[state.name] = await load(state);
  const spare = new Map<string, HostTensor>();
  const bufferFor = (name: string, inPlace: boolean): HostTensor => {
    const [own, state] = [stateIn(current, name), stored.get(name)];
    if (!state) throw new Error(`no state is called ${name}`);
    if (inPlace) return own;
    const buffer = spare.get(name) ?? { ...own, data: zerosLike(state) };
    spare.set(name, buffer);
    return buffer;
  };
  return {
    state: () => current,
    run: async (stage, feeds, others) => {
      const { session, replaces } = stage;
      const buffers = replaces.map(({ state, next, inPlace }) => [next, bufferFor(state, inPlace)] as const);
      await session.runInto(inputsOf(stage, feeds, current), { ...others, ...Object.fromEntries(buffers) });
      for (const { state, inPlace } of replaces) {
        const [own, other] = [current[state], spare.get(state)];
        if (inPlace || !own || !other) continue;
        current[state] = other;
        spare.set(state, own);
      }
      return others;
    },
    change: (names, act) => act(names.map((name) => stateIn(current, name))),
    close: () => undefined,
  };
};

const dispose = (tensor: Tensor | undefined): void => {
  if (tensor && "dispose" in tensor) tensor.dispose();
};

/**
 * States in the device's memory, where a run leaves its outputs. onnxruntime-node 1.30 does not write into tensors that are
 * given for outputs there, and frees none by itself: a replaced state is disposed of.
 */
export const deviceStates = async (states: readonly StoredTensor[], memory: DeviceMemory): Promise<StateStore> => {
  const current: Record<string, Tensor> = {};
  for (const state of states) current[state.name] = await memory.upload(await load(state));
  return {
    state: () => current,
    run: async (stage, feeds) => {
      const outputs: Record<string, Tensor> = { ...(await stage.session.run(inputsOf(stage, feeds, current))) };
      for (const { state, next } of stage.replaces) {
        const replacement = outputs[next];
        if (!replacement) throw new Error(`the step gave no ${next}`);
        dispose(current[state]);
        current[state] = replacement;
        delete outputs[next];
      }
      return outputs;
    },
    change: async (names, act) => {
      const values: HostTensor[] = [];
      for (const name of names) values.push(await memory.read(stateIn(current, name)));
      await act(values);
      for (const [index, name] of names.entries()) {
        const value = values[index];
        if (!value) continue;
        dispose(current[name]);
        current[name] = await memory.upload(value);
      }
    },
    close: () => Object.values(current).forEach(dispose),
  };
};
