/**
 * The graphs of small versions of the main specs, as text in `golden/graphs/`: a change of structure shows in their diff.
 * `npm run snapshots` writes them anew.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { lowerSpec } from "../../compiler/lower/lower-spec.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { printGraph } from "../../compiler/ir/print-graph.ts";
import { ast, type AstOptions } from "../../spec/ast.ts";
import {
  adam,
  adamW,
  batchNorm,
  dense,
  dropPath,
  type Layers,
  maskFrequency,
  maskTime,
  meanOfTokens,
  mixedFloat16,
  mixup,
  multiLabel,
  noise,
  patchEmbedding,
  residual,
  roll,
  singleLabel,
} from "../../spec/dsl/index.ts";

const small: AstOptions = {
  size: { width: 8, depth: 1, heads: 2 },
  frames: 32,
  objective: multiLabel({ classes: ["no", "maybe", "yes"] }),
};

interface Case {
  readonly input: "waveform" | "features";
  readonly options: AstOptions;
  /** Another than AST's. */
  readonly network?: Layers;
}

const cases: Readonly<Record<string, Case>> = {
  ast: { input: "waveform", options: {} },
  "speech-commands": {
    input: "waveform",
    options: {
      training: {
        optimizer: adam({ learningRate: 2.5e-4, betas: [0.95, 0.999], weightDecay: 5e-7 }),
        batch: 4,
        epochs: 1,
        augment: [mixup({ rate: 0.6 }), maskFrequency({ bins: 48 }), maskTime({ frames: 12 }), noise(), roll()],
      },
    },
  },
  "fine-tuning": {
    input: "features",
    options: {
      tokens: ["cls"],
      objective: singleLabel({ classes: ["no", "yes"], labelSmoothing: 0.1 }),
      training: {
        optimizer: adamW({ learningRate: 1e-4, weightDecay: 0.01 }),
        batch: 4,
        accumulate: 2,
        epochs: 1,
        clipNorm: 1,
        rates: { "patchEmbedding.*": 0, "blocks.*": 0.1 },
        precision: mixedFloat16(),
      },
    },
  },
  "any-length": {
    input: "waveform",
    options: {
      length: "any",
      most: 96,
      tokens: ["cls"],
      training: {
        optimizer: adam({ learningRate: 1e-4 }),
        batch: 4,
        epochs: 1,
        augment: [mixup({ rate: 0.6 }), maskTime({ frames: 12 }), noise(), roll()],
      },
    },
  },
  "batch-norm": {
    input: "features",
    options: {},
    network: [
      patchEmbedding({ patch: { bins: 16, frames: 16 }, stride: { bins: 16, frames: 16 }, width: 8 }),
      residual(batchNorm(), dense(8), dropPath({ rate: 0.1 })),
      meanOfTokens(),
      batchNorm(),
      dense("classes"),
    ],
  },
};

describe.each(Object.entries(cases))("%s", (name, { input, options, network }) => {
  const model = ast({ ...small, ...options });
  const spec = normalizeSpec({ ...model, network: network ?? model.network }, () => undefined, "spec.ts");
  test.each(Object.entries(lowerSpec(spec, input, () => undefined)))("%s", async (stage, graph: Graph) => {
    const path = fileURLToPath(new URL(`../../golden/graphs/${name}/${stage}.txt`, import.meta.url));
    await expect(printGraph(graph)).toMatchFileSnapshot(path);
  });
});
