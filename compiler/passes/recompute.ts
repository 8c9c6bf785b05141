import { nodesLeadingTo } from "../artifact/nodes-leading-to.ts";
import type { Graph, Node, Value } from "../ir/graph.ts";
import { createBuilder } from "../ops/builder.ts";
import { ownersOf } from "../ops/owners-of.ts";
import { valuesOf } from "./values-of.ts";

/** A training stage in two, the way to the loss and the way back, and what the one keeps for the other. */
export interface Passes {
  readonly forward: readonly Node[];
  readonly backward: readonly Node[];
  /** Values of the forward pass that the backward pass reads, or views of them. */
  readonly kept: readonly Value[];
  /** The names of all that the backward pass reads, each once. */
  readonly read: readonly string[];
  /** The name of the value whose bytes a value has. */
  readonly ownerOf: (name: string) => string;
}

/** What leads to the outputs, the loss among them, and to the statistics is forward. */
export const splitPasses = ({ nodes, outputs, states }: Graph): Passes => {
  const statistics = states.flatMap(({ kind, next }) => (kind === "statistic" && next ? [next] : []));
  const roots = [...outputs, ...statistics].map(({ name }) => name);
  const forward = nodesLeadingTo(nodes, valuesOf, roots);
  const isForward = new Set(forward);
  const backward = nodes.filter((node) => !isForward.has(node));
  const ownerOf = ownersOf(forward);
  const read = [...new Set(backward.flatMap(({ inputs }) => inputs.flatMap((input) => (input ? [input.name] : []))))];
  const owners = new Set(read.map(ownerOf));
  const kept = forward.flatMap((node) => node.outputs.filter(({ name }) => owners.has(name)));
  return { forward, backward, kept, read, ownerOf };
};

/** What the backward pass computes once more of the forward pass where it does not find some of what is kept. */
export interface Recomputed {
  /** In order. */
  readonly nodes: readonly Node[];
  /** Of their results, those that are read. */
  readonly values: ReadonlySet<string>;
}

/** @param dropped names of kept values */
export const recomputedWithout = (
  { forward, kept, read, ownerOf }: Passes,
  dropped: ReadonlySet<string>,
): Recomputed => {
  const left = new Set(kept.flatMap(({ name }) => (dropped.has(name) ? [] : [name])));
  const isLeft = (name: string): boolean => left.has(ownerOf(name));
  const values = new Set(read.filter((name) => !isLeft(name)));
  const require = ({ inputs }: Node): void => {
    for (const input of inputs) if (input && !isLeft(input.name)) values.add(input.name);
  };
  const nodes = forward.toReversed().filter((node) => {
    const isRead = node.outputs.some(({ name }) => values.has(name));
    if (isRead) require(node);
    return isRead;
  });
  return { nodes: nodes.toReversed(), values };
};

/**
 * Has the backward pass compute values anew that it would else find kept from the forward pass, from those that are kept: they
 * take no memory in between. Each node is computed once more at most.
 *
 * The new nodes stand before the backward pass. ONNX Runtime (1.30) computes first what a node reads that stands last, so that each
 * is computed when the backward pass has come to where it is read, not before.
 * @param stage the forward pass and the gradients
 * @param dropped names of kept values
 */
export const recompute = (stage: Graph, dropped: ReadonlySet<string>): Graph => {
  const passes = splitPasses(stage);
  const { nodes: again, values } = recomputedWithout(passes, dropped);
  const b = createBuilder(stage);
  const anew = new Map<string, Value>();
  const current = (value: Value | undefined): Value | undefined => value && (anew.get(value.name) ?? value);
  for (const { op, inputs, attributes, origin, outputs } of again) {
    b.from({ ...origin, role: "recomputed" }, () => {
      const results = b.apply(op, inputs.map(current), attributes);
      outputs.forEach(({ name }, index) => {
        if (values.has(name)) anew.set(name, results[index] as Value);
      });
    });
  }
  const { nodes, ...rest } = b.finish(stage.outputs);
  const added = nodes.slice(stage.nodes.length);
  const backward = passes.backward.map((node) => ({ ...node, inputs: node.inputs.map(current) }));
  return { ...rest, nodes: [...passes.forward, ...added, ...backward] };
};
