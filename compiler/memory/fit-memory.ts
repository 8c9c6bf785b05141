/** A program within its budget of memory: what of the forward pass is kept for the gradients, and what is computed anew. */
import { type Extent, predictMemory } from "../artifact/cost.ts";
import { formatBytes } from "../artifact/format-number.ts";
import type { GraphInput } from "../artifact/metadata.ts";
import { plural } from "../artifact/plural.ts";
import { extentOf } from "../cost/extent-of.ts";
import { modelCost } from "../cost/model-cost.ts";
import { peakBytesFor } from "../cost/peak-bytes.ts";
import { CompileError } from "../diagnostics/diagnostic.ts";
import type { Graph } from "../ir/graph.ts";
import type { Locate, NormalizedSpec } from "../ir/normalized-spec.ts";
import type { Program } from "../ir/program.ts";
import { recompute } from "../passes/recompute.ts";
import { droppingOrder } from "./dropping-order.ts";

/**
 * What is computed anew where no budget is given, by its effort: activations, normalizations and attention's probabilities, which PyTorch's
 * attention does not keep either; no matrix product of parameters.
 */
const usualEffortPerByte = 100;

/** A stage of gradients, and what a process takes of the machine's memory that trains with it, about. */
interface Plan {
  readonly gradients: Graph;
  readonly bytes: number;
}

/** The plan that computes anew as little as the budget allows, or the one that takes the least memory where none fits. */
export const planWithin = (program: Program, gradients: Graph, budgetBytes: number, extent: Extent): Plan => {
  const cost = modelCost(program);
  const planOf = (stage: Graph): Plan => {
    const stageCost = cost.gradients && { ...cost.gradients, peakBytes: [peakBytesFor(stage, extent)] };
    return { gradients: stage, bytes: predictMemory({ ...cost, gradients: stageCost }, "training", extent) };
  };
  let least = planOf(gradients);
  if (least.bytes <= budgetBytes) return least;
  const dropped = new Set<string>();
  for (const name of droppingOrder(gradients, extent).flatMap(({ names }) => names)) {
    dropped.add(name);
    const plan = planOf(recompute(gradients, dropped));
    if (plan.bytes < least.bytes) least = plan;
    if (least.bytes <= budgetBytes) break;
  }
  return least;
};

/** The stage as it is where no budget is given. */
export const usualPlan = (gradients: Graph, extent: Extent): Graph => {
  const order = droppingOrder(gradients, extent);
  // Those after the first that takes more are easy only where that one is computed anew, too.
  const end = order.findIndex(({ effortPerByte }) => effortPerByte > usualEffortPerByte);
  return recompute(gradients, new Set(order.slice(0, end < 0 ? undefined : end).flatMap(({ names }) => names)));
};

/**
 * The program, which takes for a part of a step no more memory than the recipe allows.
 * @throws CompileError that names the least that it could take, where that is more
 */
export const fitMemory = (program: Program, spec: NormalizedSpec, input: GraphInput, locate: Locate): Program => {
  const { gradients } = program;
  if (!gradients) return program;
  const { batch, accumulate, memoryBytes } = spec.recipe;
  const clips = Math.ceil(batch / accumulate);
  const extent = extentOf(spec, input, { batch: clips });
  if (memoryBytes === undefined) return { ...program, gradients: usualPlan(gradients, extent) };
  const plan = planWithin(program, gradients, memoryBytes, extent);
  if (plan.bytes <= memoryBytes) return { ...program, gradients: plan.gradients };
  const least = `${Math.ceil(plan.bytes / 1e6)} MB`;
  const message =
    `training on ${clips} ${plural(clips, "clip")} at once takes about ${least} of memory at the least; ` +
    `${formatBytes(memoryBytes)} are allowed`;
  const parts = clips > 1 ? ", or compute the batch in more parts: accumulate" : "";
  const fix = `allow ${least}${parts}`;
  throw new CompileError([{ code: "memory-too-small", message, span: locate(spec.recipe, "memory"), fix }]);
};
