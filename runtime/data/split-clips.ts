import { quoted } from "../../compiler/artifact/printable.ts";
import { UserError } from "../user-error.ts";
import type { Clip, Dataset, Split } from "./dataset.ts";
import { groupOf, isBackground } from "./background.ts";
import { groupBy } from "./group-by.ts";
import { randomOf } from "./random.ts";

export interface SplitOptions {
  readonly seed: number;
  /** Another data set to choose among epochs by, in the place of the first one's clips for validation. */
  readonly evaluation?: Dataset | undefined;
}

/** The share of each class that is held out where nothing says which clips are for evaluation. */
const heldOut = 0.2;

export interface SplitClips {
  readonly train: readonly Clip[];
  /** Scored after each epoch. */
  readonly evaluation: readonly Clip[];
  /** Scored at the end; empty unless others are for evaluation. */
  readonly test: readonly Clip[];
}

/**
 * What to train on, to evaluate on and to test: as the data says, or by holding out a fifth of each class, chosen by the seed.
 * Clips for the test are evaluated on where there are none for validation.
 * @throws UserError where there is nothing to train or evaluate on, or all training clips have the same classes.
 */
export const splitClips = (dataset: Dataset, { seed, evaluation }: SplitOptions): SplitClips => {
  const of = (split: Split) => dataset.clips.filter((clip) => clip.split === split);
  const validation = evaluation ? partOf(evaluation, "validation", "test") : of("validation");
  const test = of("test");
  const isSplit = validation.length > 0 || test.length > 0;
  const held = isSplit ? new Set<Clip>() : holdOut(dataset.clips, seed);
  const train = dataset.clips.filter((clip) => (clip.split ?? "train") === "train" && !held.has(clip));
  if (train.length === 0)
    throw new UserError(
      "nothing-to-train-on",
      { path: dataset.name },
      "all its clips are for evaluation; there is none to train on",
    );
  requireDifferentTargets(dataset, train);
  for (const held of [validation, test]) requireClasses(dataset, held);
  if (!isSplit && held.size === 0) {
    const lack = train.some(({ classIndices }) => classIndices.length > 1)
      ? "no two clips have the same first label"
      : "no class has two clips";
    throw new UserError(
      "nothing-to-hold-out",
      { path: dataset.name },
      `${lack}, so none can be held out for evaluation`,
    );
  }
  if (!isSplit) return { train, evaluation: [...held], test };
  return validation.length > 0 ? { train, evaluation: validation, test } : { train, evaluation: test, test: [] };
};

/** The clips of the first of these parts that is not empty; all where each is. */
const partOf = ({ clips }: Dataset, ...parts: readonly Split[]): readonly Clip[] => {
  const part = parts.find((part) => clips.some(({ split }) => split === part));
  return part === undefined ? clips : clips.filter(({ split }) => split === part);
};

/** The clips a data set has to measure a graph on: those for the test, else those for validation, or all where it names neither. */
export const evaluationClips = (dataset: Dataset): readonly Clip[] => partOf(dataset, "test", "validation");

/** Of each class (a clip's first), a fifth, but one at least where there are two. */
const holdOut = (clips: readonly Clip[], seed: number): ReadonlySet<Clip> => {
  const classes = groupBy(clips, groupOf);
  return new Set(
    [...classes].flatMap(([index, members]) => {
      const count = members.length < 2 ? 0 : Math.max(1, Math.round(heldOut * members.length));
      return randomOf(seed, index).shuffle(members).slice(0, count);
    }),
  );
};

const requireDifferentTargets = ({ name, classes }: Dataset, train: readonly Clip[]): void => {
  const labels = (clip: Clip) =>
    isBackground(clip)
      ? "background"
      : [...clip.classIndices]
          .sort((a, b) => a - b)
          .map((index) => quoted(classes[index] ?? ""))
          .join(" and ");
  const [first, ...others] = new Set(train.map(labels));
  if (others.length > 0) return;
  throw new UserError(
    "one-class-alone",
    { path: name },
    `every training clip is ${first}; training tells classes apart and needs two or more`,
  );
};

const requireClasses = ({ name }: Dataset, clips: readonly Clip[]): void => {
  if (clips.length === 0 || !clips.every(isBackground)) return;
  throw new UserError(
    "background-alone",
    { path: name },
    "all its clips for evaluation are background; expected clips of the classes among them",
  );
};
