/** How the learning rate changes while training. The optimizer's `learningRate` is where it starts, or what it warms up to. */

/** Rises from 0 in equal parts. */
export interface LinearWarmup {
  readonly kind: "linearWarmup";
  /** So many optimizer steps. */
  readonly steps: number;
}
export const linearWarmup = (options: Omit<LinearWarmup, "kind">): LinearWarmup => ({
  kind: "linearWarmup",
  ...options,
});

/**
 * As the authors' code warms up (traintest.py): from 0 in jumps every 50 steps; each jump overwrites what the schedule has
 * made of the rate, so that a milestone before the warm-up's end is lost.
 */
export interface ReferenceWarmup {
  readonly kind: "referenceWarmup";
  /** So many optimizer steps. Default 1000, the authors'. */
  readonly steps?: number;
}
export const referenceWarmup = (options: Omit<ReferenceWarmup, "kind"> = {}): ReferenceWarmup => ({
  kind: "referenceWarmup",
  ...options,
});

interface WarmupOption {
  /** How the rate rises at first. Default: none. */
  readonly warmup?: LinearWarmup | ReferenceWarmup;
}

/** The same rate throughout. */
export interface Constant extends WarmupOption {
  readonly kind: "constant";
}
export const constant = (options: WarmupOption = {}): Constant => ({ kind: "constant", ...options });

/** Multiplied by `factor` after each of the milestones (`torch.optim.lr_scheduler.MultiStepLR`). */
export interface MultiStep extends WarmupOption {
  readonly kind: "multiStep";
  /** Numbers of finished epochs, rising. */
  readonly milestones: readonly number[];
  /** What the rate is multiplied by. The paper's is 0.5 for AudioSet, 0.85 for ESC-50 and Speech Commands (section 3). */
  readonly factor: number;
}
export const multiStep = (options: Omit<MultiStep, "kind">): MultiStep => ({ kind: "multiStep", ...options });

/** Milestones after each epoch of a range. */
export const everyEpoch = ({
  from,
  to,
}: {
  /** The first: the number of a finished epoch. */
  readonly from: number;
  /** The last, included. */
  readonly to: number;
}): readonly number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Falls along half a cosine, from the warm-up's end to the end of training (Loshchilov and Hutter 2017, without restarts). */
export interface Cosine extends WarmupOption {
  readonly kind: "cosine";
  /** The last rate, as a share of the first. Default 0. */
  readonly to?: number;
}
export const cosine = (options: Omit<Cosine, "kind"> = {}): Cosine => ({ kind: "cosine", ...options });

export type Schedule = Constant | MultiStep | Cosine;
