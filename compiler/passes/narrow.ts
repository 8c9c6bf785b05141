import { isAtMost, product, sameDim } from "../artifact/dim.ts";
import type { Attributes, Graph, Node, Value } from "../ir/graph.ts";
import { sameShape } from "../ir/shape.ts";
import { createBuilder } from "../ops/builder.ts";
import * as elementwise from "../ops/elementwise.ts";
import { byOperand, findOp } from "../ops/table.ts";
import { resolveAxis } from "../ops/type-rules.ts";
import { renameValues } from "./rename-values.ts";

/** A node of which only a part along one axis is read: for each operand the axis that is narrowed likewise, or none. */
interface Narrowing {
  readonly axes: readonly (number | undefined)[];
  readonly attributes: Attributes;
}

/**
 * How a part of a node's result along `axis` is computed from parts of its operands.
 * @returns undefined where it takes more of them
 */
const narrowingOf = ({ op, inputs, outputs, attributes }: Node, axis: number, part: Value): Narrowing | undefined => {
  const [x, result] = [inputs[0], outputs[0]];
  if (!x || !result) return undefined;
  const { shape } = result.type;
  const along = (operandAxis: number | undefined): Narrowing => ({ axes: [operandAxis], attributes });
  if (op in elementwise) {
    const axes = inputs.map((input) => {
      const own = axis - shape.length + (input?.type.shape.length ?? 0);
      return sameDim(input?.type.shape[own] ?? 1, shape[axis] ?? 1) ? own : undefined;
    });
    return { axes, attributes };
  }
  const isRow = (other: number): boolean => resolveAxis(other, shape.length) > axis;
  switch (op) {
    case "transpose":
      return along((attributes["perm"] as readonly number[])[axis]);
    case "pad": {
      const pads = attributes["pads"] as readonly number[];
      return pads[axis] === 0 && pads[axis + shape.length] === 0 ? along(axis) : undefined;
    }
    case "softmax":
    case "layerNormalization":
      return isRow(attributes["axis"] as number) ? along(axis) : undefined;
    case "matMul":
      return axis === shape.length - 2 ? along(x.type.shape.length - 2) : undefined;
    case "reshape": {
      const whole = product(shape.slice(0, axis));
      const own = x.type.shape.findIndex(
        (length, index) => sameDim(length, shape[axis] ?? 1) && sameDim(product(x.type.shape.slice(0, index)), whole),
      );
      return own < 0 ? undefined : { axes: [own], attributes: { shape: part.type.shape } };
    }
    default:
      return undefined;
  }
};

/** A value of which all that read it take the same part along an axis, at most half of it. */
interface Match {
  readonly value: Value;
  readonly slices: readonly Node[];
  readonly part: Value;
  readonly maker: Node;
  /** What makes it where that is a product of matrices, [..., tokens, width] as rows and back. */
  readonly rows: { readonly before: Node; readonly product: Node } | undefined;
  /** Of the first of these nodes. */
  readonly narrowing: Narrowing;
}

const findMatch = ({ nodes, outputs, states }: Graph): Match | undefined => {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map(({ name }) => [name, node] as const)));
  const readers = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      if (input) readers.set(input.name, [...(readers.get(input.name) ?? []), node]);
    }
  }
  const isKept = new Set([...outputs, ...states.flatMap(({ next }) => next ?? [])].map(({ name }) => name));
  const readersOf = ({ name }: Value): readonly Node[] => readers.get(name) ?? [];
  /** What makes it for one node alone. */
  const makerFor = (value: Value | undefined, op: string): Node | undefined => {
    const maker = value && makers.get(value.name);
    return maker?.op === op && value && readersOf(value).length === 1 && !isKept.has(value.name) ? maker : undefined;
  };
  const rowsBefore = (after: Node, axis: number): Match["rows"] => {
    const product = after.op === "reshape" ? makerFor(after.inputs[0], "gemm") : undefined;
    const before = product?.attributes["transA"] === 0 ? makerFor(product.inputs[0], "reshape") : undefined;
    const [own = [], lead = []] = [before?.inputs[0], after.outputs[0]].map((value) => value?.type.shape.slice(0, -1));
    return before && product && sameShape(own, lead) && axis < lead.length ? { before, product } : undefined;
  };

  for (const { op, inputs, attributes, outputs: parts } of nodes) {
    const [[value], [part], [axis, ...others]] = [inputs, parts, (attributes["axes"] ?? []) as readonly number[]];
    const maker = value && makers.get(value.name);
    if (op !== "slice" || !maker || !part || axis === undefined || others.length > 0) continue;
    if (!isAtMost(product([2, part.type.shape[axis] ?? 1]), value.type.shape[axis] ?? 1)) continue;
    const asked = JSON.stringify(attributes);
    const slices = readersOf(value);
    if (isKept.has(value.name) || slices.some((each) => JSON.stringify(each.attributes) !== asked)) continue;
    if (maker.outputs.some((other) => other.name !== value.name && readersOf(other).length > 0)) continue;
    const rows = rowsBefore(maker, axis);
    const narrowing = rows ? { axes: [axis], attributes: {} } : narrowingOf(maker, axis, part);
    if (narrowing) return { value, slices, part, maker, rows, narrowing };
  }
  return undefined;
};

/** The node with other operands and attributes; its results keep their names. */
const rewritten = (node: Node, inputs: Node["inputs"], attributes: Attributes): Node => {
  const row = findOp(node.op);
  const types = inputs.map((input) => input?.type);
  const inferred = row.infer(byOperand(row, types), attributes);
  const results = "dtype" in inferred ? [inferred] : inferred;
  const outputs = node.outputs.map(({ name, type }, index) => ({ name, type: results[index] ?? type }));
  return { ...node, inputs, attributes, outputs };
};

/** @param operands of the first of the makers, narrowed */
const narrowMakers = ({ maker, rows, narrowing, part }: Match, operands: Node["inputs"]): readonly Node[] => {
  if (!rows) return [rewritten(maker, operands, narrowing.attributes)];
  const lead = part.type.shape.slice(0, -1);
  const width = rows.before.outputs[0]?.type.shape.slice(-1) ?? [];
  const before = rewritten(rows.before, operands, { shape: [product(lead), ...width] });
  const multiplied = rewritten(
    rows.product,
    [before.outputs[0], ...rows.product.inputs.slice(1)],
    rows.product.attributes,
  );
  return [before, multiplied, rewritten(maker, [multiplied.outputs[0]], { shape: part.type.shape })];
};

const narrowOne = (graph: Graph, match: Match): Graph => {
  const { value, slices, maker, rows, narrowing } = match;
  const first = rows?.before ?? maker;
  const [slice] = slices;
  const names = new Map(slices.flatMap(({ outputs }) => outputs.map(({ name }) => [name, value.name] as const)));
  const others = graph.nodes.filter((node) => !slices.includes(node));
  const renamed = renameValues({ ...graph, nodes: others }, names);
  const b = createBuilder(renamed);
  const operands = b.from(first.origin, () =>
    first.inputs.map((input, place) => {
      const own = narrowing.axes[place];
      if (!input || own === undefined) return input;
      return b.apply("slice", [input], { ...slice?.attributes, axes: [own] })[0];
    }),
  );
  const added = b.finish([]).nodes.slice(others.length);
  const nodes = others.flatMap((node, place) => {
    if (node === maker) return [...added, ...narrowMakers(match, operands)];
    return node === rows?.before || node === rows?.product ? [] : (renamed.nodes[place] ?? []);
  });
  return { ...renamed, nodes };
};

/**
 * Computes of each value only what is read: a part of what is computed token by token is made of a part of the tokens. Where a network's
 * head hears one or two of them, only these ask in its last block, and only these pass through its dense layers. Values keep their names.
 */
export const narrow = (graph: Graph): Graph => {
  let current = graph;
  for (let match = findMatch(current); match; match = findMatch(current)) current = narrowOne(current, match);
  return current;
};
