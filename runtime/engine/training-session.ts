/** Runs training steps; the states stay where ONNX Runtime computes. */
import type { Extent } from "../../compiler/artifact/cost.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import { names } from "../../compiler/artifact/names.ts";
import { UserError } from "../user-error.ts";
import type { Device } from "./device.ts";
import { type DeviceMemory, openDeviceMemory } from "./device-memory.ts";
import { batchCount, endsStep, loopProgram } from "./loop-program.ts";
import type { Engine, HostTensor, HostTensors, Tensors } from "./engine.ts";
import { findNonFinite, type NonFinite } from "./find-non-finite.ts";
import { openSession } from "./open-session.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { changingStates, ownInputs, type Stage, type TrainingProgram, trainingProgram } from "./session-program.ts";
import { requireFit } from "./require-fit.ts";
import { stackFeeds } from "./stack-feeds.ts";
import { deviceStates, hostStates, type OpenStage, type StateStore } from "./state-store.ts";
import { elementCount, type StoredTensor } from "../artifact/stored-tensor.ts";

/** What the gradients of one run of the program are of. */
export interface TrainingBatch {
  /**
   * The graph's inputs: `waveform` [batch, samples], `targets` [batch, classes], `learning_rate` [] ... Where peers have all clips
   * of the batch, only what the update takes.
   */
  readonly feeds: HostTensors;
  /** Whether the update follows; else the next batch's gradients are added to these. */
  readonly endsStep: boolean;
}

/** Others that make the same steps at the same time, each on clips of its own. */
export interface Peers {
  /** Told the loss of its own clips. @returns that of all clips, and how many these are */
  readonly shareLoss: (own: MeanLoss) => Promise<MeanLoss>;
  /** Adds up arrays with those of the others, in place, each as soon as it is given. */
  readonly sum: (arrays: Iterable<Float32Array>) => Promise<void>;
}

/** The mean over so many clips. */
export interface MeanLoss {
  readonly loss: number;
  readonly clips: number;
}

export interface TrainingSession {
  /** How many batches `steps` should be given at once; whole optimizer steps unless it is 1. */
  readonly batchesPerRun: number;
  /**
   * Optimizer steps, one after the other; where gradients are accumulated, a step's parts.
   * @returns the loss of each batch before its step
   */
  readonly steps: (batches: readonly TrainingBatch[]) => Promise<readonly number[]>;
  /** What steps replace: parameters and optimizer states. */
  readonly changing: readonly StoredTensor[];
  /** The parameters and optimizer states as the last step left them, on the device; valid until the next step. */
  readonly state: () => Tensors;
  /**
   * Where the last step had a loss that is not finite: the first part of the spec whose values are not. Such a step changed no
   * parameter. undefined where that is not known: on WebGPU, and where several batches share a run.
   */
  readonly findNonFinite: () => Promise<NonFinite | undefined>;
  /** One of them on the host, or a gradient. */
  readonly read: (name: string) => Promise<HostTensor>;
  /** Has each of `changing` changed on the host, in place, one after the other. */
  readonly change: (act: (name: string, value: HostTensor) => Promise<void>) => Promise<void>;
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
    "no-float16",
    { path, device: kind },
    `trains in mixed precision, and ${kind} (${name}) has no float16 arithmetic`,
  );
};

const roomForLoss = (dims: readonly number[]): HostTensors => ({
  [names.loss]: { type: "float32", data: new Float32Array(elementCount(dims)), dims },
});

const lossesOf = async (outputs: Tensors, { read }: DeviceMemory): Promise<readonly number[]> => {
  const loss = outputs[names.loss];
  if (!loss) throw new Error("the step gave no loss");
  const { data } = await read(loss);
  if ("dispose" in loss) loss.dispose();
  return Array.from(data as Float32Array);
};

const clipsIn = (feeds: HostTensors): number => feeds[names.targets]?.dims[0] ?? 0;

const scale = (values: Float32Array, factor: number): void => {
  // What a step without clips finds is of the step before, finite or not.
  if (factor === 0) values.fill(0);
  else if (factor !== 1)
    for (let index = 0; index < values.length; index++) values[index] = (values[index] ?? 0) * factor;
};

/** Makes each one's own gradients those of all clips of a step, as if one had computed them. */
const gradientSharing = (
  { gradients }: TrainingProgram,
  { change }: StateStore,
  { sum }: Peers,
): ((ownClips: number, clips: number) => Promise<void>) => {
  // Where parts are added up these are sums over clips, among them the number of these; elsewhere means.
  const areSums = ownInputs(gradients).some(({ name }) => name === names.accumulate);
  const shared = gradients.replaces.map(({ state }) => state);
  return (ownClips, clips) =>
    change(shared, (values) => {
      const weight = areSums ? Math.min(ownClips, 1) : ownClips / clips;
      const weighted = function* (): Generator<Float32Array, void, undefined> {
        for (const { data } of values) {
          const gradient = data as Float32Array;
          scale(gradient, weight);
          yield gradient;
        }
      };
      return sum(weighted());
    });
};

/** A graph whose layers take statistics over a batch would take them over a share of it. */
const requireNoStatistics = (path: string, { statistics }: TrainingProgram): void => {
  if (statistics.length === 0) return;
  throw new UserError(
    "statistics-not-shared",
    { path },
    "the graph takes statistics over the clips of a batch, of which several ranks would each see a part; expected layer norm or group norm in the place of batch norm, or one rank",
  );
};

/** Of a batch; clips that are drawn may be longer than its own. */
const extentOf = (feeds: HostTensors, { draws }: ArtifactMetadata): Extent => {
  const drawn = draws.flatMap(({ input, distribution }) => (distribution.kind === "clip" ? [input] : []));
  const lengths = [names.waveform, ...drawn].map((name) => feeds[name]?.dims[1] ?? 0);
  return { batch: clipsIn(feeds), samples: Math.max(...lengths) };
};

/** Remembers a batch of the step at hand whose loss is not finite. */
const createLossWatch = () => {
  let [isBegun, lost] = [false, undefined as HostTensors | undefined];
  return {
    /** @param outputs of the batch. @returns whether the losses of the step so far are finite, as far as the host has them */
    watch: ({ feeds, endsStep }: TrainingBatch, outputs: Tensors): boolean => {
      if (!isBegun) lost = undefined;
      isBegun = !endsStep;
      const loss = outputs[names.loss];
      if (loss && "data" in loss && !Number.isFinite(loss.data[0])) lost ??= feeds;
      return lost === undefined;
    },
    lost: () => lost,
  };
};

/** Runs of batches with equally many clips. */
const byClipCount = (batches: readonly TrainingBatch[]): readonly (readonly TrainingBatch[])[] => {
  const groups: TrainingBatch[][] = [];
  for (const batch of batches) {
    const group = groups.at(-1);
    if (group?.[0] && clipsIn(group[0].feeds) === clipsIn(batch.feeds)) group.push(batch);
    else groups.push([batch]);
  }
  return groups;
};

/** Marks the batches that do not begin a step: the gradients before theirs are kept. */
const createMarker = (): ((batch: TrainingBatch) => TrainingBatch) => {
  let isBegun = false;
  return ({ feeds, endsStep }) => {
    const accumulate: HostTensor = { type: "bool", data: Uint8Array.of(isBegun ? 1 : 0), dims: [] };
    const marked = { feeds: { ...feeds, [names.accumulate]: accumulate }, endsStep };
    isBegun = !endsStep && (isBegun || clipsIn(feeds) > 0);
    return marked;
  };
};

/**
 * Opens the artifact's training program on its parameters.
 * @param restored states to go on from, by name, as large as the program's own
 * @param peers with whom each step is made; all call `steps` with the parts of the same steps
 * @throws UserError when it has none, or the device cannot run it
 */
export const openTrainingSession = async (
  engine: Engine,
  artifact: Artifact,
  device: Device,
  restored: ReadonlyMap<string, StoredTensor> = new Map(),
  peers?: Peers,
): Promise<TrainingSession> => {
  const { path, metadata } = artifact;
  requirePrecision(path, metadata, device);
  // Peers meet after each batch.
  const batchesPerRun = peers ? 1 : batchesPerRunOn(device.kind, metadata.recipe);
  const keepsStates = device.kind === "webgpu";
  const isLoop = batchesPerRun > 1 && !keepsStates;

  const program = trainingProgram(artifact);
  if (peers) requireNoStatistics(path, program);
  const states = program.states.map((state) => restored.get(state.name) ?? state);
  const memory = openDeviceMemory(engine, device);
  const store = await (keepsStates ? deviceStates(states, memory) : hostStates(states));
  const open = async (stage: Stage, others: readonly string[] = []): Promise<OpenStage> => {
    const kept = keepsStates ? [...stage.replaces.map(({ next }) => next), ...others] : [];
    const options = { kept, outputsAreGiven: !keepsStates };
    return { ...stage, session: await openSession(engine, artifact, stage.model, device, options) };
  };
  const mark = createMarker();

  const openLoop = async () => {
    const stage = await open(loopProgram(program));
    const run = async (batches: readonly TrainingBatch[]): Promise<readonly number[]> => {
      const flags = Uint8Array.from(batches, (batch) => (batch.endsStep ? 1 : 0));
      const own: HostTensors = {
        [batchCount]: { type: "int64", data: BigInt64Array.of(BigInt(batches.length)), dims: [] },
        [endsStep]: { type: "bool", data: flags, dims: [flags.length] },
      };
      const feeds = { ...stackFeeds(batches.map((batch) => batch.feeds)), ...own };
      return lossesOf(await store.run(stage, feeds, roomForLoss([batches.length])), memory);
    };
    return { run, find: () => Promise.resolve(undefined), stages: [stage] };
  };
  const openStages = async () => {
    const { watch, lost } = createLossWatch();
    // Losses that are read together stay, too, so that no step waits for the one before it.
    const gradients = await open(program.gradients, batchesPerRun > 1 ? [names.loss] : []);
    const update = await open(program.update);
    // Without its update a step that is lost leaves what can be looked into; in mixed precision the update sees to that.
    const isUseful = (isFinite: boolean): boolean => isFinite || metadata.recipe.precision !== "float32";
    const runAlone = async (batches: readonly TrainingBatch[]): Promise<readonly number[]> => {
      const outputs: Tensors[] = [];
      for (const batch of batches) {
        const output = await store.run(gradients, batch.feeds, roomForLoss([]));
        outputs.push(output);
        const isFinite = watch(batch, output);
        if (batch.endsStep && isUseful(isFinite)) await store.run(update, batch.feeds, {});
      }
      const losses: number[] = [];
      for (const output of outputs) losses.push(...(await lossesOf(output, memory)));
      return losses;
    };
    const sharingWith = (peers: Peers) => {
      const shareGradients = gradientSharing(program, store, peers);
      let [ownClips, clips, isFinite] = [0, 0, true];
      const runPart = async (batch: TrainingBatch): Promise<number> => {
        const own = clipsIn(batch.feeds);
        const output = own > 0 ? await store.run(gradients, batch.feeds, roomForLoss([])) : {};
        watch(batch, output);
        const [loss = 0] = own > 0 ? await lossesOf(output, memory) : [];
        const shared = await peers.shareLoss({ loss, clips: own });
        [ownClips, clips] = [ownClips + own, clips + shared.clips];
        isFinite &&= Number.isFinite(shared.loss);
        if (!batch.endsStep) return shared.loss;
        if (isUseful(isFinite)) {
          await shareGradients(ownClips, clips);
          await store.run(update, batch.feeds, {});
        }
        [ownClips, clips, isFinite] = [0, 0, true];
        return shared.loss;
      };
      return async (batches: readonly TrainingBatch[]): Promise<readonly number[]> => {
        const losses: number[] = [];
        for (const batch of batches) losses.push(await runPart(batch));
        return losses;
      };
    };
    const run = peers ? sharingWith(peers) : runAlone;
    const find = async (): Promise<NonFinite | undefined> => {
      const feeds = lost();
      return feeds && findNonFinite(engine, artifact, device, program.gradients, { ...store.state(), ...feeds });
    };
    return { run, find, stages: [gradients, update] };
  };
  const { run, find, stages } = await (isLoop ? openLoop() : openStages());
  return {
    batchesPerRun,
    steps: async (batches) => {
      for (const { feeds } of batches) requireFit(metadata, device, "training", extentOf(feeds, metadata));
      const marked = batches.map(mark);
      if (!isLoop) return run(marked);
      const losses: number[] = [];
      for (const group of byClipCount(marked)) losses.push(...(await run(group)));
      return losses;
    },
    changing: changingStates(program),
    state: store.state,
    findNonFinite: find,
    read: async (name) => {
      const tensor = store.state()[name];
      if (!tensor) throw new Error(`no state is called ${name}`);
      return memory.read(tensor);
    },
    change: async (act) => {
      for (const { name } of changingStates(program)) {
        await store.change([name], async ([value]) => (value ? act(name, value) : undefined));
      }
    },
    close: async () => {
      store.close();
      await memory.close();
      for (const { session } of stages) await session.release();
    },
  };
};
