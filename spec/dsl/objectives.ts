/** What the scores mean and which loss trains them. */

/** Class names in a CSV with the columns `index` and `display_name` (AudioSet's class_labels_indices.csv) or `name`. */
export interface ClassesFile {
  readonly kind: "classesFile";
  /** Relative to the spec's file. */
  readonly path: string;
}
export const classesFile = (path: string): ClassesFile => ({ kind: "classesFile", path });

/** Class names by index, or the file that lists them. */
export type Classes = readonly string[] | ClassesFile;

/**
 * Names "0", "1", ... for classes that have none.
 * @param count How many
 * @throws RangeError where the count is no whole number of at least 1
 */
export const numbered = (count: number): readonly string[] => {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new RangeError(`numbered takes a whole number of at least 1, not ${count}`);
  }
  return Array.from({ length: count }, (_, index) => String(index));
};

/** Independent classes: sigmoid scores, mean binary cross-entropy over batch and classes. */
export interface MultiLabel {
  readonly kind: "multiLabel";
  /** One score each. */
  readonly classes: Classes;
  /** Moves the targets of training by so much towards one half: t (1 - s) + s / 2. Default 0. */
  readonly labelSmoothing?: number;
}
export const multiLabel = (options: Omit<MultiLabel, "kind">): MultiLabel => ({ kind: "multiLabel", ...options });

/** One class per clip: softmax scores, mean cross-entropy over the batch against target probabilities. */
export interface SingleLabel {
  readonly kind: "singleLabel";
  /** One score each; together they are 1. */
  readonly classes: Classes;
  /** Gives so much of the targets of training to all classes alike: t (1 - s) + s / classes (`torch.nn.CrossEntropyLoss`). Default 0. */
  readonly labelSmoothing?: number;
}
export const singleLabel = (options: Omit<SingleLabel, "kind">): SingleLabel => ({ kind: "singleLabel", ...options });

export type Objective = MultiLabel | SingleLabel;
