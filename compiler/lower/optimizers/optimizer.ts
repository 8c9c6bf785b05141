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
}
