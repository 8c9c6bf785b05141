/** What layers with a linear map share. */
import type { Initializer } from "../../spec/dsl/initializers.ts";
import { checkNumbers, type Report } from "../diagnostics/report.ts";
import { product } from "../artifact/dim.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";

export const checkInitializer = (init: Initializer | undefined, report: Report): void => {
  // Values are drawn until one is within 2 of the mean: with a larger deviation that takes long, and they are uniform.
  if (init?.kind === "truncatedNormal") checkNumbers(report, init, { std: "from 0 to 10" });
};

/** A bias starts as its weight where PyTorch's default does so, otherwise at zero. */
export const biasInitializer = (weight: Initializer): Initializer =>
  weight.kind === "uniformFanIn" ? weight : { kind: "zeros" };

/** x weight^T + bias over the last axis: [..., in] -> [..., out], as one product of matrices. weight [out, in], bias [out]. */
export const linear = (b: Builder, x: Value, weight: Value, bias: Value): Value => {
  const lead = x.type.shape.slice(0, -1);
  const [units = 1, width = 1] = weight.type.shape;
  const rows = b.reshape(x, { shape: [product(lead), width] });
  return b.reshape(b.gemm(rows, weight, bias, { transA: 0, transB: 1 }), { shape: [...lead, units] });
};
