import { join } from "node:path";
import { expect, test } from "vitest";
import { specLines } from "../../../compiler/emit/spec-lines.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";

test("files are named from the spec or their package, and a line that the layer around has, too, is not told again", () => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: [1] });
  const write = (path: string, file: string, line: number): void => {
    const span = { file, line, column: 1, length: 1, text: "" };
    b.from({ path, role: "forward", span }, () => b.exp(x));
  };
  write("patches", join("specs", "small.ts"), 3);
  write("blocks.0.residual1.attention", join("specs", "parts", "block.ts"), 5);
  write("blocks.0.residual1", join("specs", "parts", "block.ts"), 5);
  write("blocks.0.residual2.dense", join("specs", "parts", "block.ts"), 6);
  write("blocks.0.residual2", join("specs", "parts", "block.ts"), 7);
  write("pool", "common.ts", 8);
  write("dense", join("node_modules", "specgraph", "spec", "ast.ts"), 9);
  b.from({ path: "objective", role: "forward" }, () => b.exp(x));
  const program = { inference: b.finish([]), gradients: undefined, update: undefined };
  expect(specLines(program, join("specs", "small.ts"))).toStrictEqual({
    patches: "small.ts:3",
    "blocks.0.residual1": "parts/block.ts:5",
    "blocks.0.residual2.dense": "parts/block.ts:6",
    "blocks.0.residual2": "parts/block.ts:7",
    pool: "../common.ts:8",
    dense: "specgraph/spec/ast.ts:9",
  });
});
