/** Runs a classifier over a set of clips. */
import { Tensor } from "onnxruntime-node";
import { batches } from "../data/batches.ts";
import type { Clip } from "../data/dataset.ts";
import { type Summary, summarize } from "../metrics/summarize.ts";
import type { Classifier } from "../session/classifier.ts";
import type { Artifact } from "../session/read-artifact.ts";
import { UserError } from "../user-error.ts";

export interface EvaluateOptions {
  readonly artifact: Artifact;
  readonly classifier: Classifier;
  readonly clips: readonly Clip[];
  readonly load: (clip: Clip) => Promise<Float32Array>;
  readonly batch: number;
  /** Ends the evaluation after the batch at hand. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch with the clips done so far. */
  readonly onProgress?: ((clips: number) => void) | undefined;
}

/**
 * @returns the figures over all clips; undefined where the signal ended the evaluation
 * @throws UserError where a clip cannot be read, or the model's answers are not numbers
 */
export const evaluate = async ({
  artifact: { metadata },
  classifier,
  clips,
  load,
  batch,
  signal,
  onProgress,
}: EvaluateOptions): Promise<Summary | undefined> => {
  const classes = metadata.classes.length;
  const create = (): Float32Array => new Float32Array(clips.length * classes);
  const [logits, scores, targets] = [create(), create(), create()];
  let done = 0;
  for await (const next of batches({ clips, order: [...clips.keys()], batch, classes, load })) {
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
    done += next.clips.length;
    onProgress?.(done);
    if (signal?.aborted) return undefined;
  }
  return summarize({ logits, scores, targets }, metadata);
};
