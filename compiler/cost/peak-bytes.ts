/** What a stage holds of its results at once while ONNX Runtime computes it. */
import { type Dim, evaluate, printDim, sum } from "../artifact/dim.ts";
import { type Extent, lengthsOf } from "../artifact/cost.ts";
import type { Graph, Node, Value } from "../ir/graph.ts";
import { bytesOf } from "../ir/shape.ts";
import { ownersOf } from "../ops/owners-of.ts";

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

/** A node's turn: the results that are held from then on, and what is let go of after it. */
interface Turn {
  readonly made: readonly Value[];
  readonly freed: readonly Value[];
}

/** Replacements of states are written over these, and held by nobody else. */
const turnsOf = ({ nodes, states, outputs: results }: Graph): readonly Turn[] => {
  const ordered = inOrderOfExecution(nodes);
  const ownerOf = ownersOf(ordered);
  const isKept = new Set(results.map(({ name }) => ownerOf(name)));
  const isState = new Set(states.flatMap(({ next }) => (next ? [next.name] : [])));
  const readLast = new Map<string, Node>();
  for (const node of ordered)
    for (const value of [...node.inputs, ...node.outputs]) if (value) readLast.set(ownerOf(value.name), node);
  const held = new Map<string, Value>();
  return ordered.map((node) => {
    const made = node.outputs.filter(({ name }) => ownerOf(name) === name && !isState.has(name));
    for (const value of made) held.set(value.name, value);
    const owners = new Set([...node.inputs, ...node.outputs].map((value) => ownerOf(value?.name ?? "")));
    const freed = [...owners].flatMap((name) =>
      readLast.get(name) === node && !isKept.has(name) ? (held.get(name) ?? []) : [],
    );
    return { made, freed };
  });
};

/** The turn in which the most bytes are held. */
const findPeak = (turns: readonly Turn[], bytesOf: (value: Value) => number) => {
  let [bytes, peak] = [0, { turn: 0, bytes: 0 }];
  for (const [turn, { made, freed }] of turns.entries()) {
    for (const value of made) bytes += bytesOf(value);
    if (bytes > peak.bytes) peak = { turn, bytes };
    for (const value of freed) bytes -= bytesOf(value);
  }
  return peak;
};

const bytesFor = (turns: readonly Turn[], extent: Extent): ((value: Value) => number) => {
  const lengths = lengthsOf(extent);
  const sizes = new Map(
    turns.flatMap(({ made }) => made.map((value) => [value, evaluate(bytesOf(value), lengths)] as const)),
  );
  return (value) => sizes.get(value) ?? 0;
};

/** From one clip to many, and from a frame to minutes. */
const extents: readonly Extent[] = [1, 4, 16, 64, 256].flatMap((batch) =>
  [1e3, 16e3, 48e3, 160e3, 480e3, 4e6].map((samples) => ({ batch, samples })),
);

const bytesHeldIn = (turns: readonly Turn[], turn: number): Dim => {
  const freed = new Set(turns.slice(0, turn).flatMap((each) => each.freed));
  const made = turns.slice(0, turn + 1).flatMap((each) => each.made);
  return sum(made.filter((value) => !freed.has(value)).map(bytesOf));
};

/** The bytes of results that are held at once, at the most: one of these, each of which is the largest for some clips. */
export const peakBytes = (stage: Graph): readonly Dim[] => {
  const turns = turnsOf(stage);
  const peaks = new Set(extents.map((extent) => findPeak(turns, bytesFor(turns, extent)).turn));
  return [
    ...new Map([...peaks].map((turn) => bytesHeldIn(turns, turn)).map((held) => [printDim(held), held])).values(),
  ];
};

/** The same of these clips. */
export const peakBytesFor = (stage: Graph, extent: Extent): number => {
  const turns = turnsOf(stage);
  return findPeak(turns, bytesFor(turns, extent)).bytes;
};
