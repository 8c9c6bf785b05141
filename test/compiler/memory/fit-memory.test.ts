import { expect, test } from "vitest";
import { CompileError } from "../../../compiler/diagnostics/diagnostic.ts";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import type { NormalizedSpec } from "../../../compiler/ir/normalized-spec.ts";
import { verify } from "../../../compiler/ops/verify.ts";
import { lowerSpec } from "../../../compiler/lower/lower-spec.ts";
import { droppingOrder } from "../../../compiler/memory/dropping-order.ts";
import { fitMemory, planWithin } from "../../../compiler/memory/fit-memory.ts";
import { ast } from "../../../spec/ast.ts";
import { adamW, type Training } from "../../../spec/dsl/index.ts";

const extent = { batch: 16, samples: 164_080 };

const specOf = (training: Partial<Training> = {}): NormalizedSpec =>
  normalizeSpec(
    ast({
      size: { width: 192, depth: 4, heads: 3 },
      frames: 1024,
      training: { optimizer: adamW({ learningRate: 1e-4 }), batch: 16, epochs: 1, ...training },
    }),
    () => undefined,
    "spec.ts",
  );
const nowhere = () => undefined;

const programOf = (spec: NormalizedSpec) => {
  const program = lowerSpec(spec, "waveform", nowhere);
  if (!program.gradients) throw new Error("a spec that is trained has gradients");
  return { program, gradients: program.gradients };
};

/** Of the nodes that are computed anew, their operators and how many. */
const anewIn = (training: Partial<Training>): Readonly<Record<string, number>> => {
  const spec = specOf(training);
  const { gradients } = fitMemory(programOf(spec).program, spec, "waveform", nowhere);
  const counts: Record<string, number> = {};
  for (const { op, origin } of (gradients ? verify(gradients) : { nodes: [] }).nodes)
    if (origin.role === "recomputed") counts[op] = (counts[op] ?? 0) + 1;
  return counts;
};

test("normalizations and activations come first, then attention's probabilities, then wide products; blocks' own values late", () => {
  const order = droppingOrder(programOf(specOf()).gradients, extent);
  const places = (text: RegExp): readonly number[] =>
    order.flatMap(({ names }, place) => (names.some((name) => text.test(name)) ? [place] : []));
  const [norms, activations, probabilities, products, blocks] = [
    /blocks.*layerNormalization\.0:0/,
    /gelu/,
    /softmax/,
    /dense1\/gemm/,
    /residual2\/add/,
  ].map(places);
  expect(Math.max(...(norms ?? []), ...(activations ?? []))).toBeLessThan(Math.min(...(probabilities ?? [])));
  expect(Math.max(...(probabilities ?? []))).toBeLessThan(Math.min(...(products ?? [])));
  expect(Math.max(...(products ?? []))).toBeLessThan(Math.min(...(blocks ?? [])));
  expect(order.find(({ names }) => names.some((name) => name.includes("softmax")))?.names).toStrictEqual(
    [0, 1, 2, 3].map((block) => `forward/blocks.${block}.residual1.attention/softmax.0`),
  );
});

test("without a budget no product with a parameter is computed twice", () => {
  const anew = anewIn({});
  expect(anew).toMatchObject({ layerNormalization: 10, gelu: 4, softmax: 4 });
  expect(anew).not.toHaveProperty("gemm");
});

test("with a large budget nothing is, with a smaller one as much as has to be", () => {
  expect(anewIn({ memory: "64 GB" })).toStrictEqual({});
  const { program, gradients } = programOf(specOf());
  const [all, least] = [Infinity, 0].map((budget) => planWithin(program, gradients, budget, extent).bytes);
  if (all === undefined || least === undefined) throw new Error("two plans");
  expect(least).toBeLessThan(0.7 * all);
  const half = planWithin(program, gradients, (all + least) / 2, extent);
  expect(half.bytes).toBeLessThanOrEqual((all + least) / 2);
  const count = ({ nodes }: typeof gradients): number =>
    nodes.filter(({ origin }) => origin.role === "recomputed").length;
  const most = count(planWithin(program, gradients, 0, extent).gradients);
  expect(count(half.gradients)).toBeGreaterThan(0);
  expect(count(half.gradients)).toBeLessThan(most);
});

test("parts of a step are what has to fit", () => {
  const { program, gradients } = programOf(specOf());
  const { bytes } = planWithin(program, gradients, 0, extent);
  const memory = `${Math.floor(bytes / 2e6)} MB`;
  expect(() => anewIn({ memory })).toThrow(CompileError);
  expect(() => anewIn({ memory, accumulate: 16 })).not.toThrow();
});

test("a budget below the least is an error that names it, and what it names is enough", () => {
  const told = (memory: string): string => {
    try {
      anewIn({ memory });
      return "fits";
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      return error.diagnostics.map(({ message, fix }) => `${message}\n${fix}`).join("\n");
    }
  };
  const [, least = ""] = /about (\d+ MB)/.exec(told("300 MB")) ?? [];
  expect(told("300 MB")).toBe(
    `training on 16 clips at once takes about ${least} of memory at the least; 300.0 MB are allowed\n` +
      `allow ${least}, or compute the batch in more parts: accumulate`,
  );
  expect(told(least)).toBe("fits");
});
