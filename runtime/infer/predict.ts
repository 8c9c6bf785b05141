/** Runs a classifier over a set of clips. */
import { Tensor } from "../session/onnxruntime.ts";
import { batches, type LoadClipIfAny } from "../data/batches.ts";
import type { Clip } from "../data/dataset.ts";
import type { Predictions } from "../metrics/predictions.ts";
import type { Classifier } from "../session/classifier.ts";
import type { Artifact } from "../session/read-artifact.ts";
import { UserError } from "../user-error.ts";

export interface PredictOptions {
  readonly artifact: Artifact;
  readonly classifier: Classifier;
  readonly clips: readonly Clip[];
  readonly load: LoadClipIfAny;
  readonly batch: number;
  /** Ends it after the batch at hand. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch with the clips done so far. */
  readonly onProgress?: ((clips: number) => void) | undefined;
}

/** Answers, and the clips that they are to. */
export interface ClipPredictions extends Predictions {
  readonly clips: readonly Clip[];
}

/**
 * @returns the answers to all clips that `load` gives, in their order; undefined where the signal ended it
 * @throws UserError where a clip cannot be read, or the model's answers are not numbers
 */
export const predict = async ({
  artifact: { metadata },
  classifier,
  clips,
  load,
  batch,
  signal,
  onProgress,
}: PredictOptions): Promise<ClipPredictions | undefined> => {
  const classes = metadata.classes.length;
  const create = (): Float32Array => new Float32Array(clips.length * classes);
  const [logits, scores, targets] = [create(), create(), create()];
  const answered: Clip[] = [];
  let done = 0;
  for await (const next of batches({ clips, batch, classes, load })) {
    if (next.clips.length === 0) continue;
    const waveform = new Tensor("float32", next.waveform, [next.clips.length, next.samples]);
    const answers = await classifier.classify(waveform);
    if (!answers.logits.every(Number.isFinite)) {
      throw new UserError(
        "the model's answers are not finite numbers: its parameters diverged in training; train again with a lower --lr",
      );
    }
    logits.set(answers.logits, done * classes);
    scores.set(answers.scores, done * classes);
    targets.set(next.targets, done * classes);
    answered.push(...next.clips);
    done += next.clips.length;
    onProgress?.(done);
    if (signal?.aborted) return undefined;
  }
  if (done === 0) throw new UserError(`none of the ${clips.length} clips can be read`);
  const end = done * classes;
  return {
    clips: answered,
    logits: logits.subarray(0, end),
    scores: scores.subarray(0, end),
    targets: targets.subarray(0, end),
  };
};
