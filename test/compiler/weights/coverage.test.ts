import { expect, test } from "vitest";
import { type Coverage, printCoverage } from "../../../compiler/weights/coverage.ts";

test("the report counts, and tells each note once with the tensors it is about", () => {
  const shape = [2];
  const coverage: Coverage = {
    file: "model.pth",
    layout: "timm ViT / DeiT",
    taken: "model",
    others: ["model_ema"],
    leftOut: [
      { name: "model_ema", tensors: 8 },
      { name: "optimizer", tensors: 16 },
    ],
    sources: [
      { name: "a", shape, status: "used" },
      { name: "b", shape, status: "resized", note: "positions 14x14 -> 12x101" },
      ...["c", "d", "e", "f", "g", "h"].map((name) => ({
        name,
        shape,
        status: "dropped" as const,
        note: "of no use to AST",
      })),
    ],
    targets: [
      { name: "x", shape, status: "filled", from: ["a"] },
      { name: "y", shape, status: "filled", from: ["b"], note: "positions 14x14 -> 12x101" },
      { name: "z", shape, status: "initialised", from: [], note: "new in this spec" },
    ],
    classes: {
      kept: ["dog"],
      initialised: ["owl", "Owl, barn"],
      dropped: ["a", "b", "c", "d", "e", "f"],
    },
    notes: ["its clips are 1024 frames long, the spec's 512"],
    warnings: ["b has 3 values that are not finite"],
  };
  expect(printCoverage(coverage)).toBe(
    [
      "model.pth (timm ViT / DeiT): 8 tensors, 1 used, 1 resized, 6 dropped",
      "  taken: model; --weights-from takes another: model_ema",
      "  left out, with their tensors: model_ema (8), optimizer (16)",
      "  b: positions 14x14 -> 12x101",
      "  c, d, e, f and 2 more: of no use to AST",
      "3 parameters of the model: 2 filled, 1 initialised",
      "  y: positions 14x14 -> 12x101",
      "  z: new in this spec",
      '  classes by name: 1 has a row, 2 without one start anew ("owl", "Owl, barn"), 6 of the checkpoint are dropped ("a", "b", "c", "d", "e" and 1 more)',
      "  note: its clips are 1024 frames long, the spec's 512",
      "  warning: b has 3 values that are not finite",
    ].join("\n"),
  );
});
