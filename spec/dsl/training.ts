/** The training recipe: optimizer, batch and epochs. */

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

export interface Training {
  readonly optimizer: Optimizer;
  /** Clips in a step. */
  readonly batch: number;
  readonly epochs: number;
}
