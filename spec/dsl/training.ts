/** The training recipe. */
import type { Augmentation } from "./augmentation.ts";
import type { Schedule } from "./schedules.ts";

interface AdamOptions {
  readonly learningRate: number;
  /** Decay rates of the first and second moment. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly eps?: number;
  /** Default 0. */
  readonly weightDecay?: number;
}

/** Adam; weight decay is coupled, added to the gradient (`torch.optim.Adam`). */
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

export interface Training {
  readonly optimizer: Optimizer;
  /** Default `constant()`. */
  readonly schedule?: Schedule;
  /** Clips in an optimizer step. */
  readonly batch: number;
  /** Parts in which a step's clips are computed, one after the other, to save memory; their gradients add up. Default 1. */
  readonly accumulate?: number;
  readonly epochs: number;
  /** The largest norm of all gradients together; larger ones are scaled down to it (`torch.nn.utils.clip_grad_norm_`). */
  readonly clipNorm?: number;
  /**
   * How an epoch draws its clips: "shuffled", each once, or "balanced", as many with replacement, each weighted by the sum over
   * its labels of 1000 / (clips with the label + 0.01) (section 3.1; the reference's gen_weight_file.py). Default "shuffled".
   */
  readonly sampling?: "shuffled" | "balanced";
  /** Default: none. */
  readonly augment?: readonly Augmentation[];
  /**
   * Parameters whose learning rate is multiplied, by patterns of their names; `*` stands for any characters, of several matches
   * the last counts. 0 freezes: `{ "*": 0, "dense.*": 1 }` trains the classifier alone.
   */
  readonly rates?: Readonly<Record<string, number>>;
  /** Epochs, both ends included, whose parameters are averaged after training (the reference's `wa`). Default: none. */
  readonly average?: { readonly from: number; readonly to: number };
  /**
   * The figure whose best epoch is kept as `best.onnx` (the reference's `--metrics`), of equals that of lower loss. Default:
   * "accuracy" for one class per clip, "mAP" for several.
   */
  readonly bestBy?: "accuracy" | "mAP" | "loss";
  /** Ends training when the evaluation's figure has not become better for `patience` epochs. Default: never. */
  readonly earlyStopping?: { readonly figure: "accuracy" | "mAP" | "loss"; readonly patience: number };
  /** Default `float32()`. */
  readonly precision?: Precision;
  /** Optimizer steps that one call of the runtime makes, state kept on the device in between. Default: the runtime decides by device. */
  readonly stepsPerRun?: number;
}
