import { Tensor } from "../../onnxruntime.ts";
import { expect, test } from "vitest";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { clipGradients } from "../../../compiler/lower/clip-gradients.ts";
import { runGraph } from "../run-graph.ts";

/** Gradients of several shapes, of norm 85, as `torch.nn.utils.clip_grad_norm_` leaves them (torch 2.13). */
const cases = [
  [0.1, [0.0035294119734317064, -0.004705882631242275, 0, 0], [0.014117647893726826], [0.09882353246212006]],
  [20, [0.7058823704719543, -0.9411764740943909, 0, 0], [2.8235294818878174], [19.764705657958984]],
  [85.1, [3, -4, 0, 0], [12], [84]],
] as const;

test.each(cases)("to a norm of at most %d", async (largest, ...expected) => {
  const b = createBuilder();
  const shapes = [[2, 2], [1], []];
  const gradients = new Map(
    shapes.map((shape, index) => [`x${index}`, b.input(`x${index}`, { dtype: "float32", shape })]),
  );
  const clipped = await runGraph(b.finish([...clipGradients(b, gradients, largest).values()]), {
    x0: new Tensor("float32", Float32Array.of(3, -4, 0, 0), [2, 2]),
    x1: new Tensor("float32", Float32Array.of(12), [1]),
    x2: new Tensor("float32", Float32Array.of(84), []),
  });
  expect(clipped.map(({ dims }) => dims)).toStrictEqual(shapes);
  clipped.forEach(({ data }, index) =>
    expected[index]?.forEach((value, position) => {
      const error = Math.abs(Number(data[position]) - value);
      expect(error).toBeLessThanOrEqual(1.2e-7 * Math.abs(value));
    }),
  );
});
