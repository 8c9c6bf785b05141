import { UserError } from "../user-error.ts";
import type { Clip, Dataset } from "./dataset.ts";
import { randomOf } from "./random.ts";

export interface SplitOptions {
  readonly seed: number;
  /** Another data set to evaluate on; then all clips that the first does not keep for evaluation are for training. */
  readonly evaluation?: Dataset | undefined;
}

/** The share of each class that is held out where nothing says which clips are for evaluation. */
const heldOut = 0.2;

/**
 * What to train on and what to evaluate on: as the data says, or by holding out a fifth of each class, chosen by the seed.
 * @throws UserError where either is empty, or all training clips have the same classes.
 */
export const splitClips = (
  dataset: Dataset,
  { seed, evaluation }: SplitOptions,
): { readonly train: readonly Clip[]; readonly evaluation: readonly Clip[] } => {
  const isSplit = evaluation !== undefined || dataset.clips.some(({ split }) => split !== undefined);
  const held = isSplit ? new Set<Clip>() : holdOut(dataset.clips, seed);
  const train = dataset.clips.filter((clip) => clip.split !== "eval" && !held.has(clip));
  if (train.length === 0)
    throw new UserError(`${dataset.name}: all its clips are for evaluation; there is none to train on`);
  requireDifferentTargets(dataset, train);
  if (!isSplit && held.size === 0) {
    throw new UserError(
      `${dataset.name}: no class has two clips, so none can be held out for evaluation; give others: --eval-data PATH`,
    );
  }
  return { train, evaluation: isSplit ? evaluationClips(evaluation ?? dataset) : [...held] };
};

/** The clips a data set has for evaluation: those it says, or all where it says nothing. */
export const evaluationClips = ({ name, clips }: Dataset): readonly Clip[] => {
  const marked = clips.some(({ split }) => split !== undefined) ? clips.filter(({ split }) => split === "eval") : clips;
  if (marked.length === 0) throw new UserError(`${name}: all its clips are for training; there is none to evaluate on`);
  return marked;
};

/** Of each class (a clip's first), a fifth, but one at least where there are two. */
const holdOut = (clips: readonly Clip[], seed: number): ReadonlySet<Clip> => {
  const classes = new Map<number, Clip[]>();
  for (const clip of clips) {
    const index = clip.classIndices[0] ?? 0;
    const members = classes.get(index);
    if (members === undefined) classes.set(index, [clip]);
    else members.push(clip);
  }
  return new Set(
    [...classes].flatMap(([index, members]) => {
      const count = members.length < 2 ? 0 : Math.max(1, Math.round(heldOut * members.length));
      return randomOf(seed, index).shuffle(members).slice(0, count);
    }),
  );
};

const requireDifferentTargets = ({ name, classes }: Dataset, train: readonly Clip[]): void => {
  const labels = ({ classIndices }: Clip) =>
    [...classIndices]
      .sort((a, b) => a - b)
      .map((index) => `"${classes[index]}"`)
      .join(" and ");
  const [first, ...others] = new Set(train.map(labels));
  if (others.length > 0) return;
  throw new UserError(`${name}: every training clip is ${first}; training tells classes apart and needs two or more`);
};
