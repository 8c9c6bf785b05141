/** Which states a stage may overwrite while it runs. */
import type { onnx } from "../../compiler/artifact/onnx.ts";

/** A state, and the value that takes its place. */
export interface Replacement {
  readonly state: string;
  readonly next: string;
}

/** Their result at a place depends on their operands at that place only, so that it may be written over an operand. */
const elementwise = new Set(["Add", "Sub", "Mul", "Div", "Where"]);

/** Their result may be their operand's memory under another shape (ONNX Runtime's planner lets them alias). */
const views = new Set(["Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity"]);

/**
 * States whose replacement may be written into their own buffer: of which nothing is read any more when it is written. That
 * is so where all that reads the state leads to the replacement, and what computes the replacement reads place by place.
 * ONNX Runtime writes nothing else into a buffer that it is given for an output.
 */
export const inPlaceStates = (
  nodes: readonly onnx.INodeProto[],
  replacements: readonly Replacement[],
): ReadonlySet<string> => {
  // A graph within a node reads from outside without naming it among the node's inputs.
  if (nodes.some(({ attribute }) => attribute?.some(({ g }) => g))) return new Set();
  const makers = new Map(nodes.flatMap((node) => (node.output ?? []).map((name) => [name, node] as const)));
  const readers = new Map<string, onnx.INodeProto[]>();
  for (const node of nodes) {
    for (const name of new Set(node.input)) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  /** Also of its views. Not by recursion: a file's views may be many, and read one another. */
  const readersOf = (name: string): readonly onnx.INodeProto[] => {
    const found = new Set<onnx.INodeProto>();
    const open = [name];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const node of readers.get(next) ?? []) {
        if (!found.has(node) && views.has(node.opType ?? "")) open.push(...(node.output ?? []));
        found.add(node);
      }
    }
    return [...found];
  };
  const ancestors = (node: onnx.INodeProto): ReadonlySet<onnx.INodeProto> => {
    const found = new Set<onnx.INodeProto>();
    const open = [node];
    for (let next = open.pop(); next; next = open.pop()) {
      for (const name of next.input ?? []) {
        const maker = makers.get(name);
        if (maker === undefined || found.has(maker)) continue;
        found.add(maker);
        open.push(maker);
      }
    }
    return found;
  };
  const uses = new Map<string, number>();
  for (const { next } of replacements) uses.set(next, (uses.get(next) ?? 0) + 1);

  const isSafe = ({ state, next }: Replacement): boolean => {
    const maker = makers.get(next);
    if (maker === undefined || uses.get(next) !== 1) return false;
    const before = ancestors(maker);
    return readersOf(state).every((reader) =>
      reader === maker ? elementwise.has(maker.opType ?? "") : before.has(reader),
    );
  };
  return new Set(replacements.filter(isSafe).map(({ state }) => state));
};
