/** The training loop: epochs of steps, an evaluation and a saved graph after each. */
import { Tensor } from "onnxruntime-node";
import { names } from "../../compiler/artifact.ts";
import { type Batch, batches } from "../data/batches.ts";
import type { Clip } from "../data/dataset.ts";
import { epochOrder } from "../data/epoch-order.ts";
import type { Summary } from "../metrics/summarize.ts";
import { openClassifierOn } from "../session/classifier.ts";
import type { Device } from "../session/device.ts";
import type { Artifact } from "../session/read-artifact.ts";
import type { Tensors } from "../session/state-store.ts";
import { openTrainingSession } from "../session/training-session.ts";
import { writeArtifact } from "../session/write-artifact.ts";
import { UserError } from "../user-error.ts";
import { evaluate } from "../infer/evaluate.ts";

export interface TrainOptions {
  readonly artifact: Artifact;
  readonly device: Device;
  readonly clips: readonly Clip[];
  readonly evaluationClips: readonly Clip[];
  readonly load: (clip: Clip) => Promise<Float32Array>;
  readonly epochs: number;
  /** Ends training after this many steps, in the middle of an epoch if need be. */
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly seed: number;
  /** Where the trained graph goes. */
  readonly out: string;
  /** Ends training after the step at hand; what is trained by then is saved. */
  readonly signal: AbortSignal;
  /** Called while an evaluation runs, with the clips done so far. */
  readonly onEvaluation?: (clips: number) => void;
}

/** Epochs and steps count from 1; steps run on through epochs. */
export type TrainEvent =
  | {
      readonly event: "step";
      readonly epoch: number;
      readonly step: number;
      /** The batch's, before the step. */
      readonly loss: number;
      readonly lr: number;
    }
  | ({ readonly event: "eval"; readonly epoch: number; readonly step: number } & Omit<Summary, "perClass">)
  | {
      readonly event: "done";
      readonly graph: string;
      readonly steps: number;
      readonly interrupted: boolean;
    };

/** How many steps these options make. */
export const countSteps = ({
  clips,
  batch,
  epochs,
  steps,
}: Pick<TrainOptions, "clips" | "batch" | "epochs" | "steps">) =>
  Math.min(steps, epochs * Math.ceil(clips.length / batch));

const feedsOf = ({ clips, samples, waveform, targets }: Batch, classes: number, learningRate: number): Tensors => ({
  [names.waveform]: new Tensor("float32", waveform, [clips.length, samples]),
  [names.targets]: new Tensor("float32", targets, [clips.length, classes]),
  [names.learningRate]: new Tensor("float32", Float32Array.of(learningRate), []),
});

/** What `source` gives, `size` at a time; the last group has what is left. */
async function* groupsOf<T>(source: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[], void, undefined> {
  let group: T[] = [];
  for await (const item of source) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

const requireFinite = (loss: number, step: number, epoch: number, { learningRate, out }: TrainOptions): void => {
  if (Number.isFinite(loss)) return;
  const value = Number.isNaN(loss) ? "not a number" : "infinite";
  const saved = epoch > 1 ? `; ${out} holds the parameters after epoch ${epoch - 1}` : "";
  throw new UserError(
    `the loss is ${value} at step ${step} of epoch ${epoch}, with a learning rate of ${learningRate}; try a lower one, such as --lr ${learningRate / 10}${saved}`,
  );
};

/**
 * Trains and saves; the same options give the same losses.
 * @throws UserError where a clip cannot be read, the loss is not finite or the graph cannot be written
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void, undefined> {
  const { artifact, device, clips, load, batch, learningRate, seed, out, signal } = options;
  const classes = artifact.metadata.classes.length;
  const lastStep = countSteps(options);
  const session = await openTrainingSession(artifact, device);
  const classifier = await openClassifierOn(artifact, device, session.state);
  let step = 0;
  try {
    for (let epoch = 1; step < lastStep; epoch++) {
      const order = epochOrder(clips.length, { seed, epoch }).slice(0, (lastStep - step) * batch);
      for await (const group of groupsOf(batches({ clips, order, batch, classes, load }), session.stepsPerRun)) {
        for (const loss of await session.steps(group.map((next) => feedsOf(next, classes, learningRate)))) {
          step += 1;
          requireFinite(loss, step, epoch, options);
          yield { event: "step", epoch, step, loss, lr: learningRate };
        }
        if (signal.aborted) break;
      }
      const summary = signal.aborted
        ? undefined
        : await evaluate({
            artifact,
            classifier,
            clips: options.evaluationClips,
            load,
            batch,
            signal,
            onProgress: options.onEvaluation,
          });
      await writeArtifact(artifact, out, session.read);
      if (summary) {
        const { perClass: _, ...figures } = summary;
        yield { event: "eval", epoch, step, ...figures };
      }
      if (signal.aborted) break;
    }
  } finally {
    await classifier.close();
    await session.close();
  }
  yield { event: "done", graph: out, steps: step, interrupted: signal.aborted };
}
