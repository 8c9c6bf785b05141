import { Tensor } from "../../onnxruntime.ts";
import { expect, test } from "vitest";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { objectives } from "../../../compiler/lower/objectives.ts";
import { runGraph } from "../run-graph.ts";

const logits = [2, -1, 0.5, 0.1, 0.2, -3];

/**
 * The losses of torch 2.13 in double precision: `CrossEntropyLoss(label_smoothing=0.1)`, and `BCEWithLogitsLoss()` on
 * targets 0.9 t + 0.05.
 */
const cases = [
  ["single-label", "one class", [1, 0, 0, 0, 0, 1], 2.023440758622724],
  ["single-label", "shares of classes", [0.25, 0, 0.75, 1, 0, 0], 1.134690757952172],
  ["multi-label", "several classes", [1, 0, 1, 0, 0.4, 0.6], 0.7272315941491199],
] as const;

test.each(cases)("label smoothing of %s targets, %s", async (kind, _, targets, expected) => {
  const objective = objectives[kind];
  const b = createBuilder();
  const type = { dtype: "float32", shape: ["batch", 3] } as const;
  const smooth = objective.smooth(b, b.input("targets", type), 0.1, 3);
  const [loss] = await runGraph(b.finish([objective.loss(b, b.input("logits", type), smooth)]), {
    logits: new Tensor("float32", logits, [2, 3]),
    targets: new Tensor("float32", targets, [2, 3]),
  });
  expect(loss?.data[0]).toBeCloseTo(expected, 6);
});
