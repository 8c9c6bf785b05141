/** A model as stages: what `graph.onnx` holds, before it is bytes. */
import type { Draw } from "../artifact/draws.ts";
import type { Graph } from "./graph.ts";

/**
 * A value or state that two stages name is the same in both. Inference followed by gradients is a graph, and so is the update
 * alone: one iteration of training is the gradients, once or several times, and then the update.
 */
export interface Program {
  /** Outputs: logits and scores. */
  readonly inference: Graph;
  /** Output: the loss, of a batch. Replaces the gradients' states, and moves the statistics. Undefined where there is nothing to train with. */
  readonly gradients: Graph | undefined;
  /** Reads the gradients' states and nothing of the batch; replaces parameters and optimizer states. */
  readonly update: Graph | undefined;
}

/** What inference has of its own, in the network's order: the parameters and the statistics. */
export const weightsOf = ({ inference }: Program): Graph["states"] =>
  inference.states.filter(({ kind }) => kind === "parameter" || kind === "statistic");

/** The parameters, in the network's order. */
export const parametersOf = ({ inference }: Program): Graph["states"] =>
  inference.states.filter(({ kind }) => kind === "parameter");

/** The random inputs of training, in an order in which each draws only on those before it. */
export const drawsOf = ({ gradients }: Program): readonly Draw[] =>
  (gradients?.inputs ?? []).flatMap(({ name, type: { shape }, distribution }) =>
    distribution ? [{ input: name, dtype: "float32", shape, distribution }] : [],
  );
