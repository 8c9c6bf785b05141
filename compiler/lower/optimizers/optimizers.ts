/** The optimizers by kind. */
import type { Optimizer } from "../../../spec/dsl/training.ts";
import { adam, adamW } from "./adam.ts";
import type { OptimizerRow } from "./optimizer.ts";

const rows: { readonly [Kind in Optimizer["kind"]]: OptimizerRow<Extract<Optimizer, { kind: Kind }>> } = {
  adam,
  adamW,
};

/** The row of an optimizer. */
export const optimizerRow = ({ kind }: Optimizer): OptimizerRow<Optimizer> => rows[kind];
