/** Patchout: which tokens remain while training, what that costs, and that inference knows nothing of it. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../../compiler/artifact/dim.ts";
import { modelCost } from "../../../compiler/cost/model-cost.ts";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import type { Tokens } from "../../../compiler/ir/flow.ts";
import { printGraph } from "../../../compiler/ir/print-graph.ts";
import { drawsOf, type Program } from "../../../compiler/ir/program.ts";
import { patchout as row } from "../../../compiler/layers/patchout.ts";
import { lowerSpec } from "../../../compiler/lower/lower-spec.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import {
  adam,
  attention,
  dense,
  dropout,
  kaldiFbank,
  type Layers,
  meanOfTokens,
  mixedFloat16,
  type Model,
  normalize,
  padOrCut,
  patchEmbedding,
  patchout,
  prependTokens,
  repeat,
  residual,
  separatePositions,
} from "../../../spec/dsl/index.ts";
import { Tensor } from "../../onnxruntime.ts";
import { runGraph } from "../run-graph.ts";
import { lowerAlone } from "./lower-alone.ts";
import { tiny } from "../tiny-model.ts";

const lower = (changes: Partial<Omit<Model, "kind">>): Program =>
  lowerSpec(
    normalizeSpec(
      tiny({ training: { optimizer: adam({ learningRate: 1e-2 }), batch: 2, epochs: 1 }, ...changes }),
      () => undefined,
      "spec.ts",
    ),
    "features",
    () => undefined,
  );

const floats = (values: ArrayLike<number>, ...dims: readonly number[]): Tensor =>
  new Tensor("float32", Float32Array.from(values), dims);

/** PaSST's grid, 12 by 99 patches of 128 bins and 998 frames, and as many tokens beside them. */
const passt = (...out: Layers): Partial<Omit<Model, "kind">> => ({
  features: [
    kaldiFbank({ bins: 128, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }),
    padOrCut({ frames: 998 }),
    normalize({ mean: -4, std: 4 }),
  ],
  network: [
    patchEmbedding({ patch: { bins: 16, frames: 16 }, stride: { bins: 10, frames: 10 }, width: 8 }),
    separatePositions(),
    ...out,
    prependTokens("cls", "dist"),
    repeat(2, [residual(attention({ heads: 2 }), dropout({ rate: 0.1 })), residual(dense(32), dense(8))]),
    meanOfTokens("cls", "dist"),
    dense("classes"),
  ],
});

/** As many tokens as dropout draws for. */
const tokensOf = (program: Program): unknown =>
  drawsOf(program).find(({ input }) => input === "blocks.0.residual1.dropout.kept")?.shape[1];

describe("PaSST's network", () => {
  const whole = lower(passt());

  test.each<[string, Parameters<typeof patchout>[0], number, readonly (readonly [string, number, number])[]]>([
    [
      "structured",
      { rows: 4, columns: 40 },
      474,
      [
        ["rows", 8, 12],
        ["columns", 59, 99],
      ],
    ],
    ["unstructured", { patches: 400 }, 790, [["patches", 788, 1188]]],
    [
      "both",
      { rows: 4, columns: 40, patches: 0.25 },
      356,
      [
        ["rows", 8, 12],
        ["columns", 59, 99],
        ["patches", 354, 472],
      ],
    ],
    ["a share of the columns", { columns: 0.29 }, 12 * 71 + 2, [["columns", 71, 99]]],
    ["none", { rows: 0, columns: 0 }, 1190, []],
  ])("%s: training has fewer tokens, inference all", (_, options, tokens, draws) => {
    const program = lower(passt(patchout(options)));
    expect([tokensOf(whole), tokensOf(program)]).toStrictEqual([1190, tokens]);
    expect(printGraph(program.inference)).toBe(printGraph(whole.inference));
    expect(drawsOf(program).filter(({ distribution }) => distribution.kind === "subset")).toStrictEqual(
      draws.map(([what, kept, of]) => ({
        input: `patchout.${what}`,
        dtype: "float32",
        shape: ["batch", kept],
        distribution: { kind: "subset", of },
      })),
    );
  });

  test("its cost is told of the tokens that remain", () => {
    const [before, after] = [whole, lower(passt(patchout({ rows: 4, columns: 40 })))].map((program) =>
      modelCost(program),
    );
    const lengths = { batch: 4, samples: 1 };
    expect(after?.inference).toStrictEqual(before?.inference);
    const [all, some] = [before, after].map((cost) => evaluate(cost?.gradients?.activationBytes ?? 0, lengths));
    // Attention's scores go with the square of the tokens: (474 / 1190)^2 is 0.16.
    expect((some ?? NaN) / (all ?? NaN)).toBeLessThan(0.25);
    const [allFlops, someFlops] = [before, after].map((cost) => evaluate(cost?.gradients?.flops ?? 0, lengths));
    expect((someFlops ?? NaN) / (allFlops ?? NaN)).toBeLessThan(0.35);
  });

  test("in mixed precision, too", () => {
    const network = { ...passt(patchout({ rows: 4, columns: 40 })) };
    const training = { optimizer: adam({ learningRate: 1e-2 }), batch: 2, epochs: 1, precision: mixedFloat16() };
    expect(tokensOf(lower({ ...network, training }))).toBe(474);
  });
});

test("the tokens that are drawn keep their values and order; added tokens remain", async () => {
  const b = createBuilder();
  const x = b.input("x", { dtype: "float32", shape: ["batch", 14, 1] });
  const takes: Tokens = {
    kind: "tokens",
    columns: 4,
    width: 1,
    along: { patch: 8, stride: 8 },
    grid: { rows: 3, columns: 4 },
    order: ["first", "patches", "last"],
  };
  const y = lowerAlone(row, patchout({ rows: 1, columns: 2, patches: 1 }), takes, b, x);
  const clip = (...patches: readonly number[]): readonly number[] => [0.1, ...patches, 1e30];
  const patches = Array.from({ length: 12 }, (_, place) => 1.1 + place);
  const [found] = await runGraph(b.finish([y]), {
    x: floats([...clip(...patches), ...clip(...patches.map((value) => -value))], 2, 14, 1),
    "p.rows": floats([0, 2, 1, 2], 2, 2),
    "p.columns": floats([1, 3, 0, 1], 2, 2),
    "p.patches": floats([0, 1, 3, 1, 2, 3], 2, 3),
  });
  expect(found?.dims).toStrictEqual([2, 5, 1]);
  // Patches are ordered by row: of the first clip 1, 3, 9 and 11 remain, of the second 4, 5, 8 and 9.
  const expected = [...clip(2.1, 4.1, 12.1), ...clip(-6.1, -9.1, -10.1)];
  expect(found?.data).toStrictEqual(Float32Array.from(expected));
});
