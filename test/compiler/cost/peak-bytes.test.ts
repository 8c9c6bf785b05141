import { expect, test } from "vitest";
import { type Dim, evaluate } from "../../../compiler/artifact/dim.ts";
import { peakBytes } from "../../../compiler/cost/peak-bytes.ts";
import { tileAttention } from "../../../compiler/cost/tile-attention.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";

const parameter = { kind: "parameter", initializer: { kind: "zeros" }, fanIn: 1 } as const;

test("a result is held until it has been read last, by whatever name; outputs are held, replaced states are not", () => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: ["batch", 4] });
  const weight = b.state(parameter, "weight", { dtype: "float32", shape: [4] });
  const wide = b.concat([x, x, x], { axis: 1 }); // 48 bytes a clip
  const view = b.reshape(wide, { shape: ["batch", 3, 4] });
  const narrow = b.reduceSum(view, { axes: [1], keepdims: 0 }); // 16, with those it reads 64
  const output = b.exp(b.neg(narrow)); // 16, when the wide one is gone
  b.update(weight, b.mul(weight, b.scalar(2)));
  const peaks = peakBytes(b.finish([output]));
  expect(peaks.map((bytes) => evaluate(bytes, { batch: 10, samples: 0, drawn_samples: 0 }))).toStrictEqual([640]);
});

test("which is the largest depends on the clips", () => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: ["batch", "samples"] });
  const y = b.input("y", { dtype: "float32", shape: ["batch", 100_000] });
  const long = b.reduceSum(b.exp(b.neg(x)), { axes: [1], keepdims: 1 }); // held twice, beside what y leads to
  const output = b.concat([long, b.exp(y)], { axis: 1 });
  const peaks = peakBytes(b.finish([output]));
  const peak = (samples: number): number =>
    Math.max(...peaks.map((bytes) => evaluate(bytes, { batch: 2, samples, drawn_samples: samples })));
  expect(peak(1e6)).toBe(2 * 4 * (2e6 + 100_000));
  expect(peak(1000)).toBe(2 * 4 * (1 + 100_000 + 100_001));
});

test("attention that is computed tile by tile holds no scores, where no clip is longer than another", () => {
  const attention = (tokens: Dim): number => {
    const b = createBuilder();
    const part = (name: string) => b.neg(b.input(name, { dtype: "float32", shape: ["batch", 2, tokens, 4] }));
    const [queries, keys, values] = [part("queries"), part("keys"), part("values")];
    const scores = b.matMul(queries, b.transpose(keys, { perm: [0, 1, 3, 2] }));
    const graph = b.finish([b.matMul(b.softmax(scores, { axis: -1 }), values)]);
    const peaks = peakBytes(tileAttention(graph));
    return Math.max(...peaks.map((bytes) => evaluate(bytes, { batch: 1, samples: 50, drawn_samples: 0 })));
  };
  // Queries, keys, values and the result.
  expect(attention(50)).toBe(4 * (2 * 50 * 4 * 4));
  // Scores and their softmax.
  expect(attention("samples")).toBe(2 * (2 * 50 * 50 * 4));
});
