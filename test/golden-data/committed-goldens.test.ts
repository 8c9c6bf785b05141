import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { committedGoldens, readGoldenJson } from "./golden.ts";
import { readGoldenBatch, type GoldenInput } from "./golden-input.ts";
import { readFloatNpy } from "./npy.ts";

interface ForwardCase {
  readonly id: string;
  readonly input_tdim: number;
  readonly input_fdim: number;
  readonly batch: number;
  readonly inputs: readonly GoldenInput[];
  readonly logits: { readonly file: string; readonly file64: string; readonly shape: readonly number[] };
  readonly intermediates?: Readonly<Record<string, { readonly file: string }>>;
}

interface GradientFile {
  readonly inputs: readonly GoldenInput[];
  readonly targets: { readonly BCE: readonly number[][]; readonly CE_onehot: readonly number[][] };
  readonly results: Readonly<
    Partial<Record<"BCE" | "CE", { readonly f64: { readonly loss: number; readonly logits: readonly number[][] } }>>
  >;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const softplus = (value: number): number => Math.log1p(Math.exp(value));

const binaryCrossEntropy = (logits: readonly number[][], targets: readonly number[][]): number =>
  mean(
    logits.flatMap((row, item) => row.map((logit, index) => softplus(logit) - logit * (targets[item]?.[index] ?? NaN))),
  );

const crossEntropy = (logits: readonly number[][], oneHot: readonly number[][]): number =>
  mean(
    logits.map(
      (row, item) =>
        Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (row[oneHot[item]?.indexOf(1) ?? -1] ?? NaN),
    ),
  );

describe("the committed forward cases", () => {
  const cases = readGoldenJson(committedGoldens, "forward", "manifest.json") as readonly ForwardCase[];

  test.each(cases)("$id has generated inputs and all of its files", (forwardCase) => {
    const folder = join(committedGoldens, "forward");
    const { inputs, batch, input_tdim: frames, input_fdim: bins, logits } = forwardCase;
    expect(inputs.map(({ kind }) => kind)).toStrictEqual(Array.from({ length: batch }, () => "prng"));
    expect(readGoldenBatch(inputs, [frames, bins], folder)).toHaveLength(batch * frames * bins);
    const exact = readFloatNpy(join(folder, logits.file64));
    const rounded = readFloatNpy(join(folder, logits.file));
    expect([exact.shape, rounded.shape]).toStrictEqual([logits.shape, logits.shape]);
    expect(Math.max(...exact.data.map((value, index) => Math.abs(value - (rounded.data[index] ?? NaN))))).toBeLessThan(
      5e-6,
    );
    const missing = Object.values(forwardCase.intermediates ?? {}).filter(
      ({ file }) => !existsSync(join(folder, file)),
    );
    expect(missing).toStrictEqual([]);
  });
});

describe("the committed gradients", () => {
  test.each(["grads.json", "grads-depth12.json", "grads-one-token.json"])(
    "%s: losses follow from logits and targets",
    (file) => {
      const { inputs, targets, results } = readGoldenJson(committedGoldens, "training", file) as GradientFile;
      expect(inputs.every(({ kind }) => kind === "prng")).toBe(true);
      const multiLabel = results.BCE?.f64;
      expect(binaryCrossEntropy(multiLabel?.logits ?? [], targets.BCE)).toBeCloseTo(multiLabel?.loss ?? NaN, 7);
      const singleLabel = results.CE?.f64;
      expect(singleLabel ? crossEntropy(singleLabel.logits, targets.CE_onehot) : 0).toBeCloseTo(
        singleLabel?.loss ?? 0,
        7,
      );
    },
  );
});
