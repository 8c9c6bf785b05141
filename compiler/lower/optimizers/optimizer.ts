/** What an optimizer is to the compiler: one row, beside its builder in `spec/dsl/training.ts`. */
import type { Report } from "../../diagnostics/report.ts";
import type { Value } from "../../ir/graph.ts";
import type { Settled } from "../../ir/normalized-spec.ts";
import type { Builder } from "../../ops/builder.ts";
import type { Optimizer } from "../../../spec/dsl/training.ts";
import type { Update } from "./update.ts";

/** What an optimizer steps with. */
export interface TrainedParameter {
  readonly parameter: Value;
  readonly gradient: Value;
  /** What its learning rate is multiplied by. */
  readonly rateFactor: number;
}

/** A step of AdamW, as other runtimes have it as one operator, and what is to be added to its gradients for it to be the same. */
export interface AdamWStep {
  readonly betas: readonly [number, number];
  readonly eps: number;
  /** Of weights, in the step: learning rate * decay * parameter is subtracted. */
  readonly decay: number;
  /** Of weights, in the gradients: decay * parameter is added to them, whose mean is stepped by. */
  readonly coupledDecay: number;
}

export interface OptimizerRow<Written extends Optimizer> {
  /** Fills in its defaults, and reports what is wrong; its learning rate is checked for it. */
  settle(written: Written, report: Report): Settled<Written>;
  /**
   * One step, with the updates of the states that it declares.
   * @param learningRate [] of this step, which the runtime gives
   */
  lower(
    b: Builder,
    settings: Settled<Written>,
    learningRate: Value,
    parameters: readonly TrainedParameter[],
  ): readonly Update[];
  /** The same step by AdamW. */
  asAdamW(settings: Settled<Written>): AdamWStep;
}
