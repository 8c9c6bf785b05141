/**
 * A spec as stages:
 *
 *     lowerInference -> graph: logits, scores
 *       lowerLoss, after it -> training's forward pass: + loss
 *         lowerGradients, after it -> + gradients, kept in states
 *           passes -> cut in two: the stages inference and gradients
 *         lowerUpdate, on those states -> the stage update
 */
import type { GraphInput } from "../artifact/metadata.ts";
import { names } from "../artifact/names.ts";
import { type Graph, unchanged, type Value } from "../ir/graph.ts";
import type { Locate, NormalizedSpec } from "../ir/normalized-spec.ts";
import type { Program } from "../ir/program.ts";
import { factorsByRows } from "../passes/factors-by-rows.ts";
import { foldReshapes } from "../passes/fold-reshapes.ts";
import { foldScales } from "../passes/fold-scales.ts";
import { narrow } from "../passes/narrow.ts";
import { mixedPrecision } from "../passes/mixed-precision.ts";
import { removeDeadCode, removeUnread } from "../passes/remove-dead-code.ts";
import { renameValues } from "../passes/rename-values.ts";
import { runPasses } from "../passes/run-passes.ts";
import { softmaxRowSums } from "../passes/softmax-row-sums.ts";
import { subtractInProducts } from "../passes/subtract-in-products.ts";
import { sumsAsProducts } from "../passes/sums-as-products.ts";
import { lowerGradients } from "./lower-gradients.ts";
import { lowerInference } from "./lower-inference.ts";
import { lowerLoss } from "./lower-loss.ts";
import { lowerUpdate } from "./lower-update.ts";

/** What leads to a graph's outputs and to what replaces its states, and nothing else. */
const asStage = (graph: Graph): Graph => runPasses(graph, { removeDeadCode, removeUnread });

/** Inputs and outputs of the stages have the names that the artifact fixes. */
export const lowerSpec = (spec: NormalizedSpec, input: GraphInput, locate: Locate): Program => {
  const inference = lowerInference(spec, input, locate);
  const whole = lowerLoss(spec, inference, locate);
  const forward = { ...whole, graph: runPasses(whole.graph, { narrow }) };
  const lowered = lowerGradients(spec, forward);
  const update = lowerUpdate(spec, lowered.states);

  const training = runPasses(lowered, {
    foldReshapes,
    foldScales,
    softmaxRowSums,
    ...(spec.precision.kind === "float32" ? {} : { mixedPrecision }),
    removeDeadCode,
    subtractInProducts,
    ...(spec.precision.kind === "float32" ? { sumsAsProducts, factorsByRows } : {}),
  });
  const fixedNames = [names.logits, names.scores, names.loss];
  const outputs = training.outputs.map(({ name }, index) => [name, fixedNames[index] ?? name] as const);
  const graph = renameValues(training, new Map([[inference.features.values.name, names.features], ...outputs]));
  const isLoss = ({ name }: Value): boolean => name === names.loss;
  return {
    inference: asStage({
      ...graph,
      outputs: graph.outputs.filter((output) => !isLoss(output)),
      states: graph.states.map(unchanged),
    }),
    gradients: asStage({ ...graph, outputs: graph.outputs.filter(isLoss) }),
    update: asStage(update),
  };
};
