/** What training and evaluation read: clips and what is heard in them. */

export interface Dataset {
  /** What messages call it: the path that was given, or "the embedded sounds". */
  readonly name: string;
  /** The graph's class names, by index; where no graph is asked, the data's own labels. */
  readonly classes: readonly string[];
  readonly clips: readonly Clip[];
  /** What the user should know of how it was read. */
  readonly notes: readonly string[];
}

export interface Clip {
  /** The file's path, or the embedded sound's class and number. */
  readonly name: string;
  readonly source: ClipSource;
  /** The classes heard in it, as indices into `Dataset.classes`; none: it is background. */
  readonly classIndices: readonly number[];
  /** Where the source says itself what a clip is for, and not that all are for training. */
  readonly split?: Split | undefined;
  /** Where the source divides its clips for cross-validation. */
  readonly fold?: number | undefined;
}

export type ClipSource =
  | {
      readonly path: string;
      /** Without links, where that is another: it tells which file it is. */
      readonly realPath?: string | undefined;
    }
  | { readonly sound: Sound };

/** What a clip is for: to train on, to choose among epochs by, or to measure the chosen one on. */
export type Split = "train" | "validation" | "test";

/** One sound of the embedded data set: the same three values always give the same samples. */
export interface Sound {
  readonly kind: string;
  readonly index: number;
  readonly seed: number;
}
