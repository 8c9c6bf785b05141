/** What a graph costs, node by node and in all, from the rows of its operators. */
import type { ModelCost, StageCost } from "../artifact/cost.ts";
import { type Dim, evaluate, isAtMost, sum } from "../artifact/dim.ts";
import { bytesOf } from "../ir/shape.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { Program } from "../ir/program.ts";
import { byOperand, findOp } from "../ops/table.ts";
import { peakBytes } from "./peak-bytes.ts";
import { tileAttention } from "./tile-attention.ts";

export interface NodeCost {
  readonly flops: Dim;
  /** Of each result; none for one that is another's bytes under another shape. */
  readonly resultBytes: readonly Dim[];
}

export const nodeCost = ({ op, inputs, outputs, attributes }: Node): NodeCost => {
  const row = findOp(op);
  const operands = byOperand(
    row,
    inputs.map((value) => value?.type),
  );
  const results = outputs.map(({ type }) => type);
  return { flops: row.flops(operands, results, attributes), resultBytes: row.isView ? [] : outputs.map(bytesOf) };
};

/** Those of which none is below another whatever the lengths. */
const largestOf = (counts: readonly Dim[]): readonly Dim[] =>
  counts.reduce<readonly Dim[]>(
    (largest, count) =>
      largest.some((other) => isAtMost(count, other))
        ? largest
        : [...largest.filter((other) => !isAtMost(other, count)), count],
    [],
  );

const stageCost = (stage: Graph): StageCost => {
  const { nodes } = stage;
  const costs = nodes.map(nodeCost);
  const resultBytes = costs.flatMap((cost) => cost.resultBytes);
  return {
    flops: sum(costs.map(({ flops }) => flops)),
    activationBytes: sum(resultBytes),
    largestTensorBytes: largestOf(resultBytes),
    peakBytes: peakBytes(stage),
  };
};

const stateBytes = (stages: readonly (Graph | undefined)[]): number => {
  const states = stages.flatMap((stage) => stage?.states ?? []);
  const values = new Map(states.map(({ value }) => [value.name, value]));
  return evaluate(sum([...values.values()].map(bytesOf)), {});
};

export const modelCost = ({ inference, gradients, update }: Program): ModelCost => ({
  inference: stageCost(inference),
  tiledPeakBytes: peakBytes(tileAttention(inference)),
  gradients: gradients ? stageCost(gradients) : null,
  update: update ? stageCost(update) : null,
  stateBytes: { inference: stateBytes([inference]), training: stateBytes([inference, gradients, update]) },
});
