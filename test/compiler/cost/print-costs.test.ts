import { expect, test } from "vitest";
import type { PartCost, PathCost } from "../../../compiler/cost/cost-by-path.ts";
import { printCosts } from "../../../compiler/cost/print-costs.ts";

const span = { file: "spec.ts", line: 7, column: 1, length: 1, text: "" };
const cost = (flops: number): PartCost => ({ flops, activationBytes: 8 * flops, largestTensorBytes: 4 * flops });
const nothing = cost(0);

test("the table", () => {
  expect(
    printCosts([
      { path: "", span: undefined, inference: cost(1500), gradients: cost(4_000_000), update: cost(20) },
      { path: "dense", span, inference: cost(1000), gradients: cost(3000), update: nothing },
    ]),
  ).toBe(
    `
        inference                         gradients                            update
path   operations  activations  largest  operations  activations  largest  operations  activations   largest       spec
all         1.5 k      12.0 kB   6.0 kB       4.0 M      32.0 MB  16.0 MB          20    160 bytes  80 bytes
dense       1.0 k       8.0 kB   4.0 kB       3.0 k      24.0 kB  12.0 kB           -            -         -  spec.ts:7`.slice(
      1,
    ),
  );
});

test("copies of a block that cost the same are told once; others, and those of other lines, are not taken for them", () => {
  const part = (path: string, flops: number, line = 7): PathCost => ({
    path,
    span: { ...span, line },
    inference: cost(flops),
    gradients: nothing,
    update: nothing,
  });
  const block = (path: string, flops: number, line?: number): readonly PathCost[] => [
    part(path, flops),
    part(`${path}.dense`, flops, line),
  ];
  const printed = printCosts([
    part("blocks", 90),
    ...[1, 1, 1, 2, 2, 1].flatMap((flops, copy) => block(`blocks.${copy}`, flops)),
    ...block("blocks.6", 1, 8),
    part("dense10", 3),
    part("dense11", 3),
  ]);
  const rows = printed.split("\n").slice(2);
  expect(rows.map((row) => row.replaceAll(/ {2,}.* {2,}/g, " | "))).toStrictEqual([
    "blocks | spec.ts:7",
    "blocks.0 | spec.ts:7",
    "blocks.0.dense | spec.ts:7",
    "blocks.1 to blocks.2 | as blocks.0",
    "blocks.3 | spec.ts:7",
    "blocks.3.dense | spec.ts:7",
    "blocks.4 | as blocks.3",
    "blocks.5 | spec.ts:7",
    "blocks.5.dense | spec.ts:7",
    "blocks.6 | spec.ts:7",
    "blocks.6.dense | spec.ts:8",
    "dense10 | spec.ts:7",
    "dense11 | spec.ts:7",
  ]);
});
