/** Runs training steps; the states stay where ONNX Runtime computes. */
import { Tensor } from "./onnxruntime.ts";
import { type ArtifactMetadata, names, type Recipe } from "../../compiler/artifact.ts";
import { UserError } from "../user-error.ts";
import type { Device } from "./device.ts";
import { type DeviceMemory, openDeviceMemory } from "./device-memory.ts";
import { loopProgram, stepCount } from "./loop-program.ts";
import { openSession } from "./open-session.ts";
import type { Artifact } from "./read-artifact.ts";
import { type State, trainingProgram } from "./session-program.ts";
import { requireFit } from "./require-fit.ts";
import { stackFeeds } from "./stack-feeds.ts";
import { deviceStates, hostStates, type Tensors } from "./state-store.ts";
import type { StoredTensor } from "./stored-tensor.ts";

export interface TrainingSession {
  /** How many batches `steps` should be given at once; whole optimizer steps unless it is 1. */
  readonly batchesPerRun: number;
  /**
   * Optimizer steps, one after the other; where gradients are accumulated, a step's parts.
   * @param batches for each the graph's inputs: `waveform` [batch, samples], `targets` [batch, classes], `learning_rate` [] ...
   * @returns the loss of each batch before its step
   */
  readonly steps: (batches: readonly Tensors[]) => Promise<readonly number[]>;
  /** What steps replace: parameters and optimizer states. */
  readonly changing: readonly StoredTensor[];
  /** The parameters and optimizer states as the last step left them, on the device; valid until the next step. */
  readonly state: () => Tensors;
  /** One of them on the host. */
  readonly read: (name: string) => Promise<Tensor>;
  readonly close: () => Promise<void>;
}

/**
 * CUDA: a run of the graph moves all states to the device and back, so that several batches should share it.
 * Elsewhere they stay, and a run of one batch tells its loss at once.
 */
const defaultBatchesPerRun: Readonly<Record<Device["kind"], number>> = { cpu: 1, webgpu: 1, cuda: 8 };

/** Whole optimizer steps, or single batches. */
const batchesPerRunOn = (kind: Device["kind"], { stepsPerRun, accumulate }: Recipe): number => {
  const steps = stepsPerRun ?? Math.ceil(defaultBatchesPerRun[kind] / accumulate);
  const isSingle = stepsPerRun === 1 || (stepsPerRun === null && defaultBatchesPerRun[kind] === 1);
  return isSingle ? 1 : steps * accumulate;
};

const requirePrecision = (path: string, { recipe }: ArtifactMetadata, { kind, name, float16 }: Device): void => {
  if (recipe.precision === "float32" || float16) return;
  throw new UserError(
    `${path}: trains in mixed precision, and ${kind} (${name}) has no float16 arithmetic; compile the spec with precision: float32(), or use --device cpu`,
  );
};

const lossesOf = async (outputs: Tensors, { read }: DeviceMemory): Promise<readonly number[]> => {
  const loss = outputs[names.loss];
  if (!loss) throw new Error("the step gave no loss");
  const { data } = await read(loss);
  loss.dispose();
  return Array.from(data as Float32Array);
};

const clipsIn = (feeds: Tensors): number => feeds[names.targets]?.dims[0] ?? 0;

/** Runs of batches with equally many clips. */
const byClipCount = (batches: readonly Tensors[]): readonly (readonly Tensors[])[] => {
  const groups: Tensors[][] = [];
  for (const feeds of batches) {
    const group = groups.at(-1);
    if (group?.[0] && clipsIn(group[0]) === clipsIn(feeds)) group.push(feeds);
    else groups.push([feeds]);
  }
  return groups;
};

/** The states as a checkpoint has them; those that it does not have, as the artifact has them. */
const restoreStates = (states: readonly State[], restored: ReadonlyMap<string, StoredTensor>): readonly State[] =>
  states.map(({ stored, next }) => ({ stored: restored.get(stored.name) ?? stored, next }));

/**
 * Opens the artifact's training program on its parameters.
 * @param restored states to go on from, by name, as large as the program's own
 * @throws UserError when it has none, or the device cannot run it
 */
export const openTrainingSession = async (
  artifact: Artifact,
  device: Device,
  restored: ReadonlyMap<string, StoredTensor> = new Map(),
): Promise<TrainingSession> => {
  const { path, metadata } = artifact;
  requirePrecision(path, metadata, device);
  const batchesPerRun = batchesPerRunOn(device.kind, metadata.recipe);
  const keepsStates = device.kind === "webgpu";
  const isLoop = batchesPerRun > 1 && !keepsStates;

  const single = trainingProgram(artifact);
  const { model, states: initial } = isLoop ? loopProgram(single) : single;
  const states = restoreStates(initial, restored);
  const memory = openDeviceMemory(device);
  const store = await (keepsStates ? deviceStates(states, memory) : hostStates(states));
  const nexts = states.flatMap(({ next }) => next ?? []);
  // Losses that are read together stay, too, so that no step waits for the one before it.
  const kept = batchesPerRun > 1 ? [...nexts, names.loss] : nexts;
  const session = await openSession(artifact, model, device, keepsStates ? kept : []);

  const runLoop = async (batches: readonly Tensors[]): Promise<readonly number[]> => {
    const count = new Tensor("int64", BigInt64Array.of(BigInt(batches.length)), []);
    return lossesOf(await store.run(session, { ...stackFeeds(batches), [stepCount]: count }), memory);
  };
  const runEach = async (batches: readonly Tensors[]): Promise<readonly number[]> => {
    const outputs: Tensors[] = [];
    for (const feeds of batches) outputs.push(await store.run(session, feeds));
    const losses: number[] = [];
    for (const output of outputs) losses.push(...(await lossesOf(output, memory)));
    return losses;
  };
  return {
    batchesPerRun,
    steps: async (batches) => {
      for (const feeds of batches) requireFit(metadata, device, "trainingStep", clipsIn(feeds));
      if (!isLoop) return runEach(batches);
      const losses: number[] = [];
      for (const group of byClipCount(batches)) losses.push(...(await runLoop(group)));
      return losses;
    },
    changing: states.flatMap(({ stored, next }) => (next === undefined ? [] : [stored])),
    state: store.state,
    read: async (name) => {
      const tensor = store.state()[name];
      if (!tensor) throw new Error(`no state is called ${name}`);
      return memory.read(tensor);
    },
    close: async () => {
      store.close();
      await memory.close();
      await session.release();
    },
  };
};
