/** What is measured of a model's answers to labelled clips. */

/** A class's figures; null where its clips do not define one, or a score of the class is not finite. */
export interface ClassSummary {
  readonly label: string;
  /** Clips of the class. */
  readonly clips: number;
  /** Null where no clip is of the class. */
  readonly averagePrecision: number | null;
  /** Null where no clip, or every clip, is of the class. */
  readonly rocArea: number | null;
  /** d' of the ROC area; null where that is null or d' is infinite. */
  readonly dPrime: number | null;
}

/** A model's answers to clips that are of none of its classes. */
export interface BackgroundFigures {
  readonly clips: number;
  /** The share of them in which a class has a score of one half or more. */
  readonly falseAlarms: number;
}

/** Of all classes together. Background clips are among the others of each class; loss and accuracy leave them out. */
export interface Figures {
  /** That are of a class. */
  readonly clips: number;
  /** Not a number, or infinite, where a logit is. */
  readonly loss: number;
  readonly accuracy: number;
  /** Mean over the classes that have an average precision; null where none has. */
  readonly mAP: number | null;
  /** Mean over the classes that have a ROC area; null where none has. */
  readonly AUC: number | null;
  /** d' of the mean ROC area; null where that is null or d' is infinite. */
  readonly dPrime: number | null;
  /** Missing where no clip is background. */
  readonly background?: BackgroundFigures | undefined;
}

export interface Summary extends Figures {
  readonly perClass: readonly ClassSummary[];
}
