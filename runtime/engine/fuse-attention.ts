/**
 * Attention as one operator of ONNX Runtime's own (`com.microsoft.MultiHeadAttention`). On the CPU it computes scores, softmax and mix tile
 * by tile, in the processor's cache, and so holds no [tokens, tokens]; of what is float32, without mask and bias.
 */
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import { nodesLeadingTo } from "../../compiler/artifact/nodes-leading-to.ts";
import { AttributeType, type onnx, valuesOf } from "../../compiler/artifact/onnx.ts";

type Nodes = readonly onnx.INodeProto[];

/** A layer's attention as the compiler writes it (`compiler/layers/attention.ts`), where nothing else reads its scores. */
interface Match {
  /** [batch, tokens, 3, heads, depth]: queries, keys and values. */
  readonly projected: string;
  readonly heads: number;
  readonly depth: number;
  readonly scale: number;
  /** Where only some tokens ask: which, as the names of a slice's start and end. */
  readonly asking: readonly [start: string, end: string] | undefined;
  /** What gives way, from the scores on; the last one's output is [batch, tokens, heads, depth]. */
  readonly nodes: Nodes;
}

const attributeOf = (node: onnx.INodeProto, name: string): onnx.IAttributeProto | undefined =>
  node.attribute?.find((attribute) => attribute.name === name);

const hasPerm = (node: onnx.INodeProto, ...perm: readonly number[]): boolean =>
  String(attributeOf(node, "perm")?.ints?.map(Number)) === String(perm);

const hasAxis = (node: onnx.INodeProto, axis: number): boolean => Number(attributeOf(node, "axis")?.i ?? NaN) === axis;

/** The numbers of a constant as the compiler writes them; none of another type or form. */
const numbersOf = (tensor: onnx.ITensorProto | undefined): readonly number[] => {
  const { buffer, byteOffset, byteLength } = tensor?.rawData ?? new Uint8Array();
  const view = new DataView(buffer, byteOffset, byteLength);
  const read = (width: number, get: (place: number) => number): readonly number[] =>
    Array.from({ length: byteLength / width }, (_, index) => get(index * width));
  if (tensor?.dataType === onnxTypeNumbers.int64) return read(8, (place) => Number(view.getBigInt64(place, true)));
  return tensor?.dataType === onnxTypeNumbers.float32 ? read(4, (place) => view.getFloat32(place, true)) : [];
};

const findMatches = ({ node, initializer, output }: onnx.IGraphProto): readonly Match[] => {
  const nodes = node ?? [];
  const makers = new Map(nodes.flatMap((each) => valuesOf(each).outputs.map((name) => [name, each] as const)));
  const readers = new Map<string, (onnx.INodeProto | undefined)[]>();
  const addReader = (name: string, reader?: onnx.INodeProto): void => {
    const known = readers.get(name);
    if (known) known.push(reader);
    else readers.set(name, [reader]);
  };
  for (const each of nodes) for (const name of valuesOf(each).inputs) addReader(name, each);
  for (const { name } of output ?? []) addReader(name ?? "");
  const constants = new Map((initializer ?? []).map((tensor) => [tensor.name ?? "", tensor]));
  /** The numbers that a node is given, where they are constants. */
  const numbersAt = (node: onnx.INodeProto | undefined, place: number): readonly number[] =>
    numbersOf(constants.get(node?.input?.[place] ?? ""));

  /** The node that makes a node's input, if it is of this kind. */
  const before = (node: onnx.INodeProto | undefined, place: number, opType: string): onnx.INodeProto | undefined => {
    const maker = makers.get(node?.input?.[place] ?? "");
    return maker?.opType === opType ? maker : undefined;
  };
  /** The one node that reads a node's output, as its first input, if it is of this kind. */
  const after = (node: onnx.INodeProto | undefined, opType: string): onnx.INodeProto | undefined => {
    const name = node?.output?.[0] ?? "";
    const [reader, ...others] = readers.get(name) ?? [];
    return reader?.opType === opType && reader.input?.[0] === name && others.length === 0 ? reader : undefined;
  };

  return nodes.flatMap((softmax): Match | readonly [] => {
    if (softmax.opType !== "Softmax" || !hasAxis(softmax, -1)) return [];
    const scores = before(softmax, 0, "MatMul");
    const scaled = before(scores, 0, "Mul");
    const turned = before(scores, 1, "Transpose");
    const mixed = after(softmax, "MatMul");
    const joined = after(mixed, "Transpose");
    if (!scores || after(scores, "Softmax") !== softmax || !scaled || !turned || !mixed || !joined) return [];
    const byHead = [before(scaled, 0, "Reshape"), before(turned, 0, "Reshape"), before(mixed, 1, "Reshape")];
    const slice = before(byHead[0], 0, "Slice");
    const parts = [slice ?? byHead[0], byHead[1], byHead[2]];
    const split = before(parts[0], 0, "Split");
    const apart = before(split, 0, "Transpose");
    const projected = makers.get(apart?.input?.[0] ?? "");
    if (!split || !apart || projected?.opType !== "Reshape" || split.output?.length !== 3) return [];
    const [, , count, heads = 0, depth = 0, ...others] = numbersAt(projected, 1);
    const [scale, ...scales] = numbersAt(scaled, 1);
    const [, start, end] = slice?.input ?? [];
    const isWritten =
      count === 3 &&
      others.length === 0 &&
      parts.every((part, place) => part?.input?.[0] === split.output?.[place] && before(part, 0, "Split")) &&
      // [batch, heads, tokens, depth]
      byHead.every((part) => ((shape) => shape[1] === heads && shape[3] === depth)(numbersAt(part, 1))) &&
      hasPerm(apart, 2, 0, 3, 1, 4) &&
      hasAxis(split, 0) &&
      hasPerm(turned, 0, 1, 3, 2) &&
      hasPerm(joined, 0, 2, 1, 3) &&
      (!slice || String(numbersAt(slice, 3)) === "3");
    if (!isWritten || scale === undefined || scales.length > 0) return [];
    return {
      projected: apart.input?.[0] ?? "",
      heads,
      depth,
      scale,
      asking: start !== undefined && end !== undefined ? [start, end] : undefined,
      nodes: [scores, softmax, mixed, joined],
    };
  });
};

const domain = "com.microsoft";

const integers = (values: readonly number[]): onnx.ITensorProto => ({
  name: `fused/[${values.join(",")}]`,
  dataType: onnxTypeNumbers.int64,
  dims: [values.length],
  rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});

const attribute = (name: string, i: number): onnx.IAttributeProto => ({ name, type: AttributeType.INT, i });

/** The layer's nodes anew; the last makes what the last of the match's made. @param list the name of these numbers' tensor */
const fused = (
  { projected, heads, depth, scale, asking, nodes }: Match,
  list: (...values: readonly number[]) => string,
): Nodes => {
  const result = nodes.at(-1)?.output?.[0] ?? "";
  const stem = result.slice(0, result.lastIndexOf("/"));
  const width = heads * depth;
  const [flat = "", queries = "", keys = "", values = "", asked = "", mixed = ""] = [
    "flat",
    "queries",
    "keys",
    "values",
    "asked",
    "multiHeadAttention",
  ].map((name) => `${stem}/fused.${name}`);
  const node = (each: onnx.INodeProto): onnx.INodeProto => ({ ...each, name: each.output?.[0] ?? "" });
  return [
    node({ opType: "Reshape", input: [projected, list(0, 0, 3 * width)], output: [flat] }),
    node({
      opType: "Split",
      input: [flat, list(width, width, width)],
      output: [queries, keys, values],
      attribute: [attribute("axis", 2)],
    }),
    ...(asking ? [node({ opType: "Slice", input: [queries, ...asking, list(1)], output: [asked] })] : []),
    node({
      opType: "MultiHeadAttention",
      domain,
      input: [asking ? asked : queries, keys, values],
      output: [mixed],
      attribute: [attribute("num_heads", heads), { name: "scale", type: AttributeType.FLOAT, f: scale }],
    }),
    node({ opType: "Reshape", input: [mixed, list(0, 0, heads, depth)], output: [result] }),
  ];
};

/**
 * The model with the attention of its layers in one operator each, as far as the compiler wrote them (`compiler/layers/attention.ts`) for
 * clips of one length, and nothing else reads their scores: in training, where the gradients compute these anew. The file itself stays what any ONNX Runtime can run.
 * @returns the very model where there is none
 */
export const fuseAttention = (model: onnx.IModelProto): onnx.IModelProto => {
  const graph = model.graph ?? {};
  const matches = findMatches(graph);
  if (matches.length === 0) return model;
  const lists = new Map<string, onnx.ITensorProto>();
  const list = (...values: readonly number[]): string => {
    const tensor = integers(values);
    const name = tensor.name ?? "";
    lists.set(name, tensor);
    return name;
  };
  const replaced = new Map<onnx.INodeProto, Nodes>();
  for (const match of matches) {
    for (const node of match.nodes) replaced.set(node, node === match.nodes.at(-1) ? fused(match, list) : []);
  }
  const nodes = (graph.node ?? []).flatMap((node) => replaced.get(node) ?? node);
  const outputs = (graph.output ?? []).map(({ name }) => name ?? "");
  return {
    ...model,
    opsetImport: [...(model.opsetImport ?? []).filter((each) => each.domain !== domain), { domain, version: 1 }],
    graph: {
      ...graph,
      // In training the gradients still read queries, keys and values as they lay apart; else nothing does.
      node: nodesLeadingTo(nodes, valuesOf, outputs),
      initializer: [...(graph.initializer ?? []), ...lists.values()],
    },
  };
};

/** In how many layers attention is one operator, where the CPU runs the model. */
export const countFused = (model: onnx.IModelProto): number => findMatches(model.graph ?? {}).length;
