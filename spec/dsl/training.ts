/** The training recipe. */
import type { Augmentation } from "./augmentation.ts";
import type { Schedule } from "./schedules.ts";

interface AdamOptions {
  /** Before the schedule. The paper's is 1e-5 for AudioSet's full set, 5e-5 for its balanced one (section 3.1). */
  readonly learningRate: number;
  /** Decay rates of the first and second moment. The authors' are [0.95, 0.999]. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** What is added to the second moment's root. Default 1e-8. */
  readonly eps?: number;
  /** How strongly parameters are drawn to 0. The authors' is 5e-7. Default 0. */
  readonly weightDecay?: number;
}

/** Adam; weight decay is coupled: weightDecay * p is added to the gradient (`torch.optim.Adam`). The paper's optimizer (section 3.1). */
export interface Adam extends AdamOptions {
  readonly kind: "adam";
}
export const adam = (options: AdamOptions): Adam => ({ kind: "adam", ...options });

/** AdamW; weight decay is decoupled, p -= learningRate * weightDecay * p (`torch.optim.AdamW`). */
export interface AdamW extends AdamOptions {
  readonly kind: "adamW";
}
export const adamW = (options: AdamOptions): AdamW => ({ kind: "adamW", ...options });

export type Optimizer = Adam | AdamW;

/** Training computes in float32. */
export interface Float32 {
  readonly kind: "float32";
}
export const float32 = (): Float32 => ({ kind: "float32" });

interface MixedFloat16Options {
  /** What the loss is multiplied by before it is differentiated, to begin with. Default 65536. */
  readonly initialScale?: number;
  /** After so many steps in a row without overflow the scale doubles; after each step with one it halves. Default 2000. */
  readonly growthInterval?: number;
}

/**
 * Training computes matrix products in float16 and everything that needs more range or digits in float32, as `torch.autocast`
 * does; parameters, their gradients and the optimizer are float32. The loss is scaled so that small gradients survive float16,
 * as by `torch.amp.GradScaler`; a step whose gradients overflow changes nothing but the scale. AST's published recipes train
 * so (`autocast` and `GradScaler` in the reference's traintest.py). The inference graph stays float32.
 */
export interface MixedFloat16 extends MixedFloat16Options {
  readonly kind: "mixedFloat16";
}
export const mixedFloat16 = (options: MixedFloat16Options = {}): MixedFloat16 => ({ kind: "mixedFloat16", ...options });

export type Precision = Float32 | MixedFloat16;

/** How a model is trained; the command line's `--epochs`, `--batch`, `--lr` and `--seed` go first. */
export interface Training {
  /** How parameters follow their gradients. */
  readonly optimizer: Optimizer;
  /** How the learning rate changes. Default `constant()`. */
  readonly schedule?: Schedule;
  /** Clips in an optimizer step. */
  readonly batch: number;
  /** Parts in which a step's clips are computed, one after the other, to save memory; their gradients add up. Default 1. */
  readonly accumulate?: number;
  /**
   * The memory that training may take on the CPU, as a number with its unit: "4 GB". What the forward pass would keep beyond that for
   * the gradients is computed once more when they need it, what costs the least time first: normalizations, activations, attention's
   * probabilities, then whole blocks (Chen et al. 2016, https://arxiv.org/abs/1604.06174). Results are the same. Default: as it pays
   * for most, the first three are computed anew; "64 GB", or whatever there is, keeps what fits.
   */
  readonly memory?: string;
  /** Passes over the training clips. */
  readonly epochs: number;
  /** The largest norm of all gradients together; larger ones are scaled down to it (`torch.nn.utils.clip_grad_norm_`). Default: none. */
  readonly clipNorm?: number;
  /**
   * How an epoch draws its clips: "shuffled", each once, or "balanced", as many with replacement, each weighted by the sum over
   * its labels of 1000 / (clips with the label + 0.01) (section 3.1; the reference's gen_weight_file.py). Default "shuffled".
   */
  readonly sampling?: "shuffled" | "balanced";
  /**
   * What is done to clips at random, each kind once. In whatever order it stands here, it is done in the reference's: mixup,
   * masks, noise, roll. Default: none.
   */
  readonly augment?: readonly Augmentation[];
  /**
   * Parameters whose learning rate is multiplied, by patterns of their names; `*` stands for any characters, of several matches
   * the last counts. 0 freezes: `{ "*": 0, "dense.*": 1 }` trains the classifier alone. Default: 1 for each.
   */
  readonly rates?: Readonly<Record<string, number>>;
  /** Epochs, both ends included, whose parameters are averaged after training (the reference's `wa`). Default: none. */
  readonly average?: {
    /** The first, counted from 1. */
    readonly from: number;
    /** The last, included. */
    readonly to: number;
  };
  /**
   * The figure whose best epoch is kept as `best.onnx` (the reference's `--metrics`), of equals that of lower loss. Default:
   * "accuracy" for one class per clip, "mAP" for several.
   */
  readonly bestBy?: "accuracy" | "mAP" | "loss";
  /** Ends training when the evaluation's figure has not become better for `patience` epochs. Default: never. */
  readonly earlyStopping?: {
    /** Of the evaluation. */
    readonly figure: "accuracy" | "mAP" | "loss";
    /** So many epochs. */
    readonly patience: number;
  };
  /** What numbers training computes with. Default `float32()`. */
  readonly precision?: Precision;
  /** Optimizer steps that one call of the runtime makes, state kept on the device in between. Default: the runtime decides by device. */
  readonly stepsPerRun?: number;
}
