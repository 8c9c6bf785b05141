import { expect, test } from "vitest";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { verify } from "../../../compiler/ops/verify.ts";
import { printDim, product } from "../../../compiler/artifact/dim.ts";
import { foldReshapes } from "../../../compiler/passes/fold-reshapes.ts";

const describeNodes = (nodes: ReturnType<typeof foldReshapes>["nodes"]): readonly string[] =>
  nodes.map(
    ({ op, inputs, outputs }) =>
      `${op}(${inputs.map((input) => input?.name).join()}) [${outputs[0]?.type.shape.map(printDim).join()}]`,
  );

test("a reshape of a reshape reads the first one's input, a reshape back is that input", () => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: ["batch", 2, 6] });
  const flat = b.reshape(x, { shape: [product([12, "batch"])] });
  const other = b.reshape(flat, { shape: ["batch", 3, 4] });
  const back = b.reshape(other, { shape: ["batch", 2, 6] });
  const folded = verify(foldReshapes(b.finish([b.exp(other), b.neg(back), flat])));
  expect(describeNodes(folded.nodes)).toStrictEqual([
    "reshape(x) [12*batch]",
    "reshape(x) [batch,3,4]",
    "exp(forward//reshape.1) [batch,3,4]",
    "neg(x) [batch,2,6]",
  ]);
});

test("a reshape to the same shape vanishes, from operands, outputs and updates", () => {
  const b = createBuilder();
  const parameter = { kind: "parameter", initializer: { kind: "zeros" }, fanIn: 1 } as const;
  const weight = b.state(parameter, "weight", { dtype: "float32", shape: [2] });
  const next = b.neg(weight);
  b.update(weight, b.reshape(next, { shape: [2] }));
  const same = b.reshape(b.exp(next), { shape: [2] });
  const folded = verify(foldReshapes(b.finish([same])));
  expect(folded.nodes.map(({ op }) => op)).toStrictEqual(["neg", "exp"]);
  expect(folded.outputs.map(({ name }) => name)).toStrictEqual(["forward//exp.0"]);
  expect(folded.states[0]?.next?.name).toBe("forward//neg.0");
});
