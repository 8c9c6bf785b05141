import type { Graph, Node, Value } from "../ir/graph.ts";
import { sameShape } from "../ir/shape.ts";
import { type Builder, createBuilder } from "../ops/builder.ts";
import { renameValues } from "./rename-values.ts";

/** x * vector, or x + vector: one number per channel, which are along x's last axis. */
interface ChannelNode {
  readonly node: Node;
  readonly op: "mul" | "add";
  readonly x: Value;
  readonly vector: Value;
  readonly y: Value;
}

const isVectorFor = (vector: Value, x: Value): boolean =>
  vector.type.shape.length === 1 && sameShape(vector.type.shape, x.type.shape.slice(-1)) && x.type.shape.length > 1;

const asChannelNode = (node: Node): ChannelNode | undefined => {
  const [{ op, inputs, origin }, [y]] = [node, node.outputs];
  const [a, b] = inputs;
  if ((op !== "mul" && op !== "add") || origin.role !== "forward" || !a || !b || !y) return undefined;
  if (isVectorFor(b, a)) return { node, op, x: a, vector: b, y };
  return isVectorFor(a, b) ? { node, op, x: b, vector: a, y } : undefined;
};

/** x weight^T + bias, x [rows, in], weight [out, in], bias [out]. */
interface LinearNode {
  readonly node: Node;
  readonly x: Value;
  readonly weight: Value;
  readonly bias: Value;
}

const asLinear = (node: Node | undefined): LinearNode | undefined => {
  const [x, weight, bias] = node?.inputs ?? [];
  if (node?.op !== "gemm" || node.origin.role !== "forward" || !x || !weight || !bias) return undefined;
  const { transA, transB } = node.attributes;
  return transA === 0 && transB === 1 && bias.type.shape.length === 1 ? { node, x, weight, bias } : undefined;
};

/** A channel node after a linear one, or before it; between them stand reshapes that keep the channels, and nothing else reads what does. */
interface Match {
  readonly side: "after" | "before";
  readonly channels: ChannelNode;
  readonly linear: LinearNode;
  /** From the first to the last. */
  readonly between: readonly Node[];
}

const keepsChannels = ({ op, inputs: [x], outputs: [y] }: Node): boolean =>
  op === "reshape" && x !== undefined && y !== undefined && sameShape(x.type.shape.slice(-1), y.type.shape.slice(-1));

type Step = (value: Value) => Node | undefined;

/** From a value along reshapes to a linear node. */
const follow = (
  value: Value,
  step: Step,
  next: (node: Node) => Value | undefined,
): Pick<Match, "between"> & {
  readonly linear: LinearNode | undefined;
} => {
  const node = step(value);
  const onward = node && keepsChannels(node) ? next(node) : undefined;
  if (!node || !onward) return { between: [], linear: asLinear(node) };
  const rest = follow(onward, step, next);
  return { between: [node, ...rest.between], linear: rest.linear };
};

const findMatch = ({ nodes, outputs, states }: Graph): Match | undefined => {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map(({ name }) => [name, node] as const)));
  const readers = new Map<string, (Node | "outside")[]>();
  const addReader = (value: Value | undefined, reader: Node | "outside"): void => {
    if (value) readers.set(value.name, [...(readers.get(value.name) ?? []), reader]);
  };
  for (const node of nodes) node.inputs.forEach((input) => addReader(input, node));
  for (const value of [...outputs, ...states.map(({ next }) => next)]) addReader(value, "outside");
  /** What reads it, where that is one node. */
  const onlyReader: Step = ({ name }) => {
    const [reader, ...others] = readers.get(name) ?? [];
    return others.length > 0 || reader === "outside" ? undefined : reader;
  };
  const makerForOne: Step = (value) => (onlyReader(value) ? makers.get(value.name) : undefined);

  for (const channels of nodes.flatMap((node) => asChannelNode(node) ?? [])) {
    const { x, y } = channels;
    const up = follow(x, makerForOne, ({ inputs }) => inputs[0]);
    if (up.linear) return { side: "after", channels, linear: up.linear, between: up.between.toReversed() };
    const down = follow(y, onlyReader, (node) => node.outputs[0]);
    const reached = down.between.at(-1)?.outputs[0] ?? y;
    if (down.linear?.x.name === reached.name) {
      return { side: "before", channels, linear: down.linear, between: down.between };
    }
  }
  return undefined;
};

/** (x W^T + c) s, or + t. */
const foldAfter = (b: Builder, { op, vector }: ChannelNode, { weight, bias }: LinearNode) => {
  if (op === "add") return { weight, bias: b.add(bias, vector) };
  const [units = 1] = weight.type.shape;
  return { weight: b.mul(weight, b.reshape(vector, { shape: [units, 1] })), bias: b.mul(bias, vector) };
};

/** (x s) W^T + c, or (x + t) W^T + c. */
const foldBefore = (b: Builder, { op, vector }: ChannelNode, { weight, bias }: LinearNode) => {
  if (op === "mul") return { weight: b.mul(weight, vector), bias };
  const [units = 1, width = 1] = weight.type.shape;
  const moved = b.gemm(b.reshape(vector, { shape: [1, width] }), weight, bias, { transA: 0, transB: 1 });
  return { weight, bias: b.reshape(moved, { shape: [units] }) };
};

const fold = (graph: Graph, { side, channels, linear, between }: Match): Graph => {
  const b = createBuilder(graph);
  const reshaped = (x: Value): Value =>
    between.reduce((value, { outputs: [y] }) => b.reshape(value, { shape: y?.type.shape ?? [] }), x);
  const product = (x: Value, { weight, bias }: Pick<LinearNode, "weight" | "bias">): Value =>
    b.gemm(x, weight, bias, { transA: 0, transB: 1 });
  const result = b.from(linear.node.origin, () =>
    side === "after"
      ? reshaped(product(linear.x, foldAfter(b, channels, linear)))
      : product(reshaped(channels.x), foldBefore(b, channels, linear)),
  );
  // The later of the two gives way to what is added, which all that it reads comes before.
  const later = side === "after" ? channels.node : linear.node;
  const removed = new Set([channels.node, linear.node, ...between]);
  const written = b.finish(graph.outputs);
  const added = written.nodes.slice(graph.nodes.length);
  const nodes = graph.nodes.flatMap((node) => {
    if (node === later) return added;
    return removed.has(node) ? [] : [node];
  });
  return renameValues({ ...written, nodes }, new Map([[later.outputs[0]?.name ?? "", result.name]]));
};

/**
 * Folds scales and shifts of channels into the linear map before or after them, in inference: W' = s W and the like are computed
 * on weights, which ONNX Runtime does when it loads the graph, and no pass over tokens is left.
 */
export const foldScales = (graph: Graph): Graph => {
  let current = graph;
  for (let match = findMatch(current); match; match = findMatch(current)) current = fold(current, match);
  return current;
};
