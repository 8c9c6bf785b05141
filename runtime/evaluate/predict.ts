/** Runs a classifier over a set of clips. */
import { batches, type LoadClipIfAny } from "../data/batches.ts";
import type { Clip } from "../data/dataset.ts";
import type { Predictions } from "../metrics/predictions.ts";
import type { Classification, Classifier } from "../engine/classifier.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import type { Answers, Decider } from "./decide.ts";
import { UserError } from "../user-error.ts";

export interface PredictOptions {
  readonly artifact: Artifact;
  readonly classifier: Pick<Classifier | Decider, "classify">;
  readonly clips: readonly Clip[];
  readonly load: LoadClipIfAny;
  readonly batch: number;
  /** Ends it after the batch at hand. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch with the clips done so far; it goes on when that is through. */
  readonly onProgress?: ((clips: number) => void | Promise<void>) | undefined;
}

/** Answers, and the clips that they are to. */
export interface ClipPredictions extends Predictions {
  readonly clips: readonly Clip[];
  /** How much each clip is like those of the classes, where the graph has a measure of it. */
  readonly likeness?: readonly number[] | undefined;
}

/**
 * @param done clips that had answers before
 * @throws UserError naming the clips, or the parameters where they are at fault
 */
const requireFinite = (logits: Float32Array, clips: readonly Clip[], done: number): void => {
  const classes = logits.length / clips.length;
  const strange = clips.filter((_, row) => !logits.subarray(row * classes, (row + 1) * classes).every(Number.isFinite));
  if (strange.length === 0) return;
  if (strange.length < clips.length || done > 0) {
    const names = strange.map(({ name }) => name).join(", ");
    throw new UserError(
      "answer-not-finite",
      { path: names },
      "the model's answer is not a finite number, as it is for other clips; listen to it",
    );
  }
  throw new UserError(
    "parameters-diverged",
    {},
    "the model's answers are not finite numbers: its parameters diverged in training",
  );
};

const likenessOf = (answers: Classification | Answers): Iterable<number> =>
  ("likeness" in answers ? answers.likeness : undefined) ?? [];

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
  const likeness: number[] = [];
  let done = 0;
  for await (const next of batches({ clips, batch, classes, load })) {
    if (next.clips.length === 0) continue;
    const dims = [next.clips.length, next.samples];
    const answers = await classifier.classify({ type: "float32", data: next.waveform, dims });
    requireFinite(answers.logits, next.clips, done);
    logits.set(answers.logits, done * classes);
    scores.set(answers.scores, done * classes);
    targets.set(next.targets, done * classes);
    answered.push(...next.clips);
    likeness.push(...likenessOf(answers));
    done += next.clips.length;
    await onProgress?.(done);
    if (signal?.aborted) return undefined;
  }
  if (done === 0)
    throw new UserError("no-readable-clip", { clips: clips.length }, `none of the ${clips.length} clips can be read`);
  const end = done * classes;
  return {
    clips: answered,
    logits: logits.subarray(0, end),
    scores: scores.subarray(0, end),
    targets: targets.subarray(0, end),
    likeness: likeness.length === answered.length ? likeness : undefined,
  };
};

/** The answers to these clips alone. */
export const restrictTo = (clips: ReadonlySet<Clip>, answers: ClipPredictions, classes: number): ClipPredictions => {
  if (clips.size === answers.clips.length) return answers;
  const pick = (values: Float32Array): Float32Array =>
    values.filter((_, index) => clips.has(answers.clips[Math.floor(index / classes)] as Clip));
  const [logits, scores, targets] = [pick(answers.logits), pick(answers.scores), pick(answers.targets)];
  return { clips: answers.clips.filter((clip) => clips.has(clip)), logits, scores, targets };
};
