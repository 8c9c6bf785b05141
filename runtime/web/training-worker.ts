/**
 * The thread of a training in a tab: it opens the graph, is given its clips, and then goes on up to an event each time that it is
 * asked to.
 */
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import { quoted } from "../../compiler/artifact/printable.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { withTrainedClips } from "../artifact/trained-clips.ts";
import { withClasses } from "../artifact/with-classes.ts";
import { withDecisions } from "../artifact/with-decisions.ts";
import { clipRequirements } from "../audio/clip-requirements.ts";
import { partSize } from "../data/batches.ts";
import type { Clip } from "../data/dataset.ts";
import { splitClips } from "../data/split-clips.ts";
import { DeviceLost } from "../engine/device-lost.ts";
import { webEngine } from "../engine/web.ts";
import { replyOf } from "../threads/reply.ts";
import { explainEnd } from "../train/explain-end.ts";
import { describeWarmup, recipeFor } from "../train/recipe-options.ts";
import { countSteps } from "../train/run-epoch.ts";
import { trainLoop } from "../train/train-loop.ts";
import type { TrainingOptions } from "../train/training.ts";
import { UserError } from "../user-error.ts";
import { keepInMemory, stateOf } from "./keep-in-memory.ts";
import { readGraph } from "./read-graph.ts";
import { mostBytes, requireTrainingMemory } from "./require-memory.ts";
import { selectDevices } from "./select-devices.ts";
import { webParent } from "./threads.ts";
import type { NoteEvent } from "./training.ts";
import type {
  OpenedClip,
  ThreadEvent,
  TrainingMessage,
  TrainingOpening,
  TrainingRequest,
} from "./training-messages.ts";
import { useWasmFor } from "./wasm-files.ts";

/** How often the state is kept within an epoch. */
const keptMinutes = 1;

/** What messages call the clips as a whole. */
const dataName = "the clips";

interface Opened {
  readonly artifact: Artifact;
  readonly recipe: Recipe;
}

/** @throws UserError where the graph cannot be trained for these classes, or is more than a tab holds with clips however short */
const openGraph = async ({ files, classes, recipe: options }: TrainingOpening): Promise<Opened> => {
  const artifact = await withClasses(await readGraph(files), classes);
  const recipe = recipeFor(artifact, options);
  requireTrainingMemory(artifact, recipe, artifact.metadata.minSamples);
  return { artifact, recipe };
};

const note = (text: string): NoteEvent => ({ event: "note", text });

/** An error that tells of the device, and not of the training. */
const isRefusal = (error: unknown): error is UserError =>
  error instanceof UserError && (error.code === "device-refuses-graph" || error.code === "no-float16");

async function* perform(
  { artifact, recipe }: Opened,
  opened: readonly OpenedClip[],
  { recipe: { steps = Infinity }, device: wanted, kept }: TrainingOpening,
  signal: AbortSignal,
  post: (message: TrainingMessage) => void,
): AsyncGenerator<ThreadEvent, void, undefined> {
  const { classes, specName } = artifact.metadata;
  const samples = new Map<Clip, Float32Array>();
  const fingerprints = new Map<Clip, string>();
  for (const { name, classIndex, split, samples: own, fingerprint } of opened) {
    const clip: Clip = { name, source: { path: name }, classIndices: [classIndex], split };
    samples.set(clip, own);
    if (fingerprint !== undefined) fingerprints.set(clip, fingerprint);
  }
  const dataset = { name: dataName, classes, clips: [...samples.keys()], notes: [] };
  const longest = opened.reduce((most, { samples }) => Math.max(most, samples.length), 0);
  const memoryBytes = requireTrainingMemory(artifact, recipe, longest);
  const { train, evaluation } = splitClips(dataset, { seed: recipe.seed });
  const devices = await selectDevices(wanted);
  useWasmFor(devices[0].device.kind);
  const totalSteps = countSteps({ clips: train, recipe, steps });
  yield {
    event: "start",
    name: specName,
    classes,
    clips: { train: train.length, evaluation: evaluation.length },
    epochs: Number.isFinite(recipe.epochs) ? recipe.epochs : null,
    steps: totalSteps,
    batch: recipe.batch,
    clipsAtOnce: partSize(recipe),
    learningRate: recipe.learningRate,
    seed: recipe.seed,
    device: devices[0].description,
    memoryBytes,
    availableBytes: mostBytes,
  };
  if (!kept) {
    const warmup = describeWarmup(recipe, totalSteps);
    if (warmup !== undefined) yield note(warmup);
    for (const [index, name] of classes.entries()) {
      if (evaluation.some(({ classIndices }) => classIndices.includes(index))) continue;
      yield note(`no clip of ${quoted(name)} is evaluated on, as there is but one`);
    }
  }

  const trained = train.flatMap((clip) => fingerprints.get(clip) ?? []);
  const { keeper, graphs } = keepInMemory(kept?.graphs ?? {}, (kept) => post({ kind: "kept", kept }));
  const options: Omit<TrainingOptions, "device"> = {
    // What was measured of the parameters that it begins with is not true of those that it ends with.
    artifact: withDecisions(withTrainedClips(artifact, trained), undefined),
    recipe,
    steps,
    clips: train,
    evaluationClips: evaluation,
    testClips: [],
    load: async (clip) => {
      const own = samples.get(clip);
      if (own) return own;
      throw new Error(`${clip.name} was not opened`);
    },
    data: dataName,
    checkpoint: kept && stateOf(kept),
    checkpointMinutes: keptMinutes,
    signal,
    onEvaluation: (clips, of) => post({ kind: "progress", clips, of }),
  };
  for (const [index, { device }] of devices.entries()) {
    const next = devices[index + 1];
    try {
      for await (const event of trainLoop(webEngine, { ...options, device }, () => keeper)) {
        if (event.event !== "done") {
          yield event;
          continue;
        }
        for (const text of explainEnd(recipe, totalSteps, event)) yield note(text);
        const { epochs, steps, interrupted } = event;
        yield { event: "done", epochs, steps, interrupted, graphs: graphs() };
      }
      return;
    } catch (error) {
      if (next === undefined || !isRefusal(error)) throw error;
      yield note(`not on ${device.name}: ${error.sentence}; on ${next.description.name} instead`);
    }
  }
}

const start = async (): Promise<void> => {
  const parent = await webParent();
  const opening = parent.data as TrainingOpening;
  const post = (message: TrainingMessage): void => parent.post(message);
  const interruption = new AbortController();
  let goOn = (): void => undefined;
  const asked = (): Promise<void> =>
    new Promise((resolve) => {
      goOn = resolve;
    });
  const clips = new Promise<readonly OpenedClip[]>((resolve) => {
    parent.onMessage((request: TrainingRequest) => {
      if (request.kind === "clips") resolve(request.clips);
      if (request.kind === "stop") interruption.abort();
      if (request.kind === "next") goOn();
    });
  });

  const reply = await replyOf(async () => {
    const opened = await openGraph(opening);
    post({ kind: "opened", requirements: clipRequirements(opened.artifact.metadata) });
    try {
      for await (const event of perform(opened, await clips, opening, interruption.signal, post)) {
        const next = asked();
        post({ kind: "event", event });
        await next;
      }
    } catch (error) {
      if (!(error instanceof DeviceLost)) throw error;
      post({ kind: "lost", reason: error.message });
    }
  });
  post({ kind: "end", reply });
};

void start();
