import { expect, test } from "vitest";
import { describePart, nodeIn, partAt } from "../../../compiler/artifact/spec-lines.ts";

test.each([
  [
    "Name:'forward/blocks.3.residual1.attention/gemm.2' Status",
    { role: "forward", path: "blocks.3.residual1.attention" },
  ],
  ["(batch/gradient/dense/matMul.0)", { role: "gradient", path: "dense" }],
  ['"training/patchEmbedding/split.0:1": tensor(float)', { role: "training", path: "patchEmbedding" }],
  ["forward/dense/gemm.2/MatMulAddFusion and loss/objective/log.0", { role: "forward", path: "dense" }],
  ["waveform", undefined],
  ["constant/0.5, attribute/[1,2]", undefined],
])("%s", (text, expected) => {
  expect(nodeIn(text)).toStrictEqual(expected);
});

test("a part without a line has that of the one around it", () => {
  const lines = { blocks: "ast.ts:3", "blocks.0.residual1": "ast.ts:5" };
  expect(describePart(partAt("blocks.0.residual1.attention", lines))).toBe("blocks.0.residual1.attention (ast.ts:5)");
  expect(describePart(partAt("blocks.1.residual1", lines))).toBe("blocks.1.residual1 (ast.ts:3)");
  expect(describePart(partAt("dense", lines))).toBe("dense");
  expect(describePart(partAt("constructor"))).toBe("constructor");
  expect(partAt(`blocks${".a".repeat(50_000)}`, lines).line).toBe("ast.ts:3");
});

test("no terminal obeys a file's name", () => {
  expect(describePart(partAt("dense", { dense: "\u001b[2J.ts:3" }))).toBe("dense (\\u{1b}[2J.ts:3)");
});
