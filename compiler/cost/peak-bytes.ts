/** What a stage holds of its results at once while ONNX Runtime computes it. */
import { type Dim, difference, evaluate, printDim, sum } from "../artifact/dim.ts";
import { type Extent, lengthsOf } from "../artifact/cost.ts";
import type { Graph, Node } from "../ir/graph.ts";
import { bytesOf } from "../ir/shape.ts";
import { findOp } from "../ops/table.ts";

/**
 * The nodes as ONNX Runtime (1.30) computes them: depth first what leads to the last, of what a node reads that which stands last
 * first. Those that no other reads stand at the end, as the runtime's `engine/unread-last.ts` has them.
 */
const inOrderOfExecution = (nodes: readonly Node[]): readonly Node[] => {
  const read = new Set(nodes.flatMap(({ inputs }) => inputs.map((input) => input?.name)));
  const isRead = ({ outputs }: Node): boolean => outputs.some(({ name }) => read.has(name));
  const ends = nodes.filter((node) => !isRead(node)).toReversed();
  const listed = [...nodes.filter(isRead), ...ends];
  const places = new Map(listed.map((node, place) => [node, place]));
  const makers = new Map(listed.flatMap((node) => node.outputs.map(({ name }) => [name, node] as const)));
  const placeOf = (node: Node): number => places.get(node) ?? -1;
  const readBy = ({ inputs }: Node): readonly Node[] =>
    [...new Set(inputs.flatMap((input) => makers.get(input?.name ?? "") ?? []))].toSorted(
      (a, b) => placeOf(a) - placeOf(b),
    );
  const order: Node[] = [];
  const visited = new Set<Node>();
  const open = ends.map((node) => ({ node, isReady: false }));
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, isReady } = next;
    if (isReady) order.push(node);
    if (isReady || visited.has(node)) continue;
    visited.add(node);
    open.push({ node, isReady: true }, ...readBy(node).map((each) => ({ node: each, isReady: false })));
  }
  return order;
};

/** The names of values, each as the value whose bytes it has. */
const ownersOf = (nodes: readonly Node[]): ((name: string) => string) => {
  const owners = new Map<string, string>();
  const ownerOf = (name: string): string => owners.get(name) ?? name;
  for (const { op, inputs, outputs } of nodes) {
    const [whole] = inputs;
    if (findOp(op).isView && whole) for (const { name } of outputs) owners.set(name, ownerOf(whole.name));
  }
  return ownerOf;
};

/** What is held before something is let go of, in turn. Replacements of states are written over these, and held by nobody else. */
const heldInTurn = ({ nodes, states, outputs: results }: Graph): readonly Dim[] => {
  const ordered = inOrderOfExecution(nodes);
  const ownerOf = ownersOf(ordered);
  const isKept = new Set(results.map(({ name }) => ownerOf(name)));
  const isState = new Set(states.flatMap(({ next }) => (next ? [next.name] : [])));
  const readLast = new Map<string, Node>();
  for (const node of ordered)
    for (const value of [...node.inputs, ...node.outputs]) if (value) readLast.set(ownerOf(value.name), node);
  const held = new Map<string, Dim>();
  const turns: Dim[] = [];
  let total: Dim = 0;
  for (const node of ordered) {
    const made = node.outputs.filter(({ name }) => ownerOf(name) === name && !isState.has(name));
    for (const value of made) held.set(value.name, bytesOf(value));
    total = sum([total, ...made.map(bytesOf)]);
    const owners = new Set([...node.inputs, ...node.outputs].map((value) => ownerOf(value?.name ?? "")));
    const freed = [...owners].filter((name) => held.has(name) && readLast.get(name) === node && !isKept.has(name));
    turns.push(total);
    total = difference(total, sum(freed.map((name) => held.get(name) ?? 0)));
  }
  return turns;
};

/** From one clip to many, and from a frame to minutes. */
const extents: readonly Extent[] = [1, 4, 16, 64, 256].flatMap((batch) =>
  [1e3, 16e3, 48e3, 160e3, 480e3, 4e6].map((samples) => ({ batch, samples })),
);

/** The bytes of results that are held at once, at the most: one of these, each of which is the largest for some clips. */
export const peakBytes = (stage: Graph): readonly Dim[] => {
  const turns = [...new Map(heldInTurn(stage).map((held) => [printDim(held), held])).values()];
  const largest = extents.map((extent) => {
    const lengths = lengthsOf(extent);
    return turns.reduce<{ readonly held: Dim; readonly bytes: number }>(
      (most, held) => {
        const bytes = evaluate(held, lengths);
        return bytes > most.bytes ? { held, bytes } : most;
      },
      { held: 0, bytes: 0 },
    ).held;
  });
  return [...new Set(largest)];
};
