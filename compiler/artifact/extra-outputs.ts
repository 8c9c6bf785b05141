/**
 * Outputs that an inference graph may have besides logits and scores. They are added to a finished graph, when it is compiled or when it
 * is opened; what tells its values are its nodes' names (`forward/<path of the layer>/<operator>.<number>`) and its token layout.
 */
import { onnxTypeNumbers } from "./element-types.ts";
import { metadataKey } from "./metadata.ts";
import { names } from "./names.ts";
import { AttributeType, type onnx } from "./onnx.ts";
import { placesOfTokens, readTokenLayout, type TokenLayout } from "./token-layout.ts";

/**
 * `embedding` [batch, width]: what the last dense layer takes.
 *
 * `attention` [batch, tokens]: how much of each token reaches what the head reads, by attention rollout (Abnar and Zuidema 2020,
 * "Quantifying Attention Flow in Transformers", section 3). A block's attention is the mean over its heads; its residual passes on as much
 * as it adds: A = (W + I) / 2. The product of the blocks' matrices says what each token of the last block is made of; of its rows those
 * count that the head takes the mean of. Rows sum to 1, and so does the output.
 */
export const extraOutputs = [names.embedding, names.attention] as const;
export type ExtraOutput = (typeof extraOutputs)[number];

interface Additions {
  readonly output: onnx.IValueInfoProto;
  readonly initializers: readonly onnx.ITensorProto[];
  /** At the graph's end. */
  readonly nodes: readonly onnx.INodeProto[];
}

/** What is added; or why it cannot be, as a sentence. */
type Addition = (graph: onnx.IGraphProto, layout: TokenLayout) => Additions | string;

const outputOf = (name: string, length: number | undefined): onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: onnxTypeNumbers.float32,
      shape: { dim: [{ dimParam: "batch" }, length === undefined ? {} : { dimValue: length }] },
    },
  },
});

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const floats = (name: string, dims: readonly number[], values: Float32Array): onnx.ITensorProto => ({
  name,
  dataType: onnxTypeNumbers.float32,
  dims: [...dims],
  rawData: bytesOf(values),
});

const integers = (name: string, values: readonly number[]): onnx.ITensorProto => ({
  name,
  dataType: onnxTypeNumbers.int64,
  dims: [values.length],
  rawData: bytesOf(BigInt64Array.from(values, BigInt)),
});

/** The product that takes a weight, or what is made of it, as its second matrix; the last, as a bias may be moved by one before. */
const findProduct = ({ node }: onnx.IGraphProto, weight: string): onnx.INodeProto | undefined => {
  const made = new Set([weight]);
  const products = (node ?? []).filter(({ opType, input, output }) => {
    if (opType === "Gemm") return made.has(input?.[1] ?? "");
    if ((input ?? []).some((name) => made.has(name))) for (const name of output ?? []) made.add(name);
    return false;
  });
  return products.at(-1);
};

const embedding: Addition = (graph, { classifier }) => {
  if (classifier === undefined) return `it has no dense layer, whose input ${names.embedding} is`;
  const weight = `${classifier}.weight`;
  const product = findProduct(graph, weight);
  const [taken] = product?.input ?? [];
  if (taken === undefined) return `nothing is multiplied with ${weight}, and what is so is ${names.embedding}`;
  const maker = graph.node?.find(({ output }) => output?.includes(taken));
  if (maker?.opType === "Reshape" && maker.output?.[0]?.startsWith(`forward/${classifier}/`))
    return `its last dense layer, ${classifier}, takes token by token, and ${names.embedding} is one vector per clip`;
  const dims = graph.initializer?.find(({ name }) => name === weight)?.dims ?? [];
  const node = {
    opType: "Identity",
    name: `forward/${classifier}/identity.0`,
    input: [taken],
    output: [names.embedding],
  };
  return {
    output: outputOf(names.embedding, dims[1] === undefined ? undefined : Number(dims[1])),
    initializers: [],
    nodes: [node],
  };
};

/** An attention layer's softmax, and the layer's path. */
const probabilitiesName = /^forward\/(?<path>(?:.+\.)?attention\d*)\/softmax\.0$/;
const inResidual = /(?:^|\.)residual\d*\./;

interface Probabilities {
  readonly path: string;
  /** It gives them: [batch, heads, tokens, tokens]. */
  readonly node: onnx.INodeProto;
}

const findProbabilities = ({ node }: onnx.IGraphProto): readonly Probabilities[] =>
  (node ?? []).flatMap((each) => {
    const path = probabilitiesName.exec(each.output?.[0] ?? "")?.groups?.["path"];
    return path === undefined ? [] : [{ path, node: each }];
  });

/** Whether tokens are added after a node. */
const addsTokensAfter = ({ node }: onnx.IGraphProto, start: onnx.INodeProto): boolean => {
  const nodes = node ?? [];
  return nodes
    .slice(nodes.indexOf(start))
    .some(({ output }) => /^forward\/(?:.+\.)?addTokens\d*\//.test(output?.[0] ?? ""));
};

/** The share of each token in the mean that the head takes. */
const pooledShares = (layout: TokenLayout): Float32Array => {
  const places = placesOfTokens(layout);
  const pooled = layout.pooling.flatMap((name) => places.get(name) ?? []);
  const shares = new Float32Array([...places.values()].reduce((total, { count }) => total + count, 0));
  const count = pooled.reduce((total, each) => total + each.count, 0);
  for (const { first, count: taken } of pooled)
    for (let place = first; place < first + taken; place++) shares[place] = (shares[place] ?? 0) + 1 / count;
  return shares;
};

const attention: Addition = (graph, layout) => {
  const layers = findProbabilities(graph);
  const [first] = layers;
  if (!first) return `it has no attention layer, whose weights ${names.attention} is made of`;
  if (addsTokensAfter(graph, first.node))
    return `tokens are added between its attention layers, and ${names.attention} is of the same tokens in all`;
  const shares = pooledShares(layout);
  const tokens = shares.length;
  const [start, half, headAxis, shape] = ["pooled", "half", "head-axis", "shape"].map(
    (name) => `constant/${names.attention}.${name}`,
  ) as [string, string, string, string];

  const nodes: onnx.INodeProto[] = [];
  const write = (path: string, opType: string, input: string[], attribute: onnx.IAttributeProto[] = []): string => {
    const name = `forward/${path}/rollout${opType}.0`;
    nodes.push({ opType, name, input, output: [name], attribute });
    return name;
  };
  const dropsAxis = [{ name: "keepdims", type: AttributeType.INT, i: 0 }];
  // The row of what the head reads goes back through the blocks, from the last to the first: a vector by a matrix, not two matrices.
  // Of what leads to a node ONNX Runtime (1.30) computes that first which stands last: so the mean of each block's heads is taken when
  // they have just been computed, and they are not kept.
  let row = start;
  for (const { path, node } of layers.toReversed()) {
    const means = write(path, "ReduceMean", [node.output?.[0] ?? "", headAxis], dropsAxis);
    const added = write(path, "MatMul", [row, means]);
    row = inResidual.test(path) ? write(path, "Mul", [write(path, "Add", [row, added]), half]) : added;
  }
  nodes.push({
    opType: "Reshape",
    name: `forward/${first.path}/rolloutReshape.0`,
    input: [row, shape],
    output: [names.attention],
  });
  return {
    output: outputOf(names.attention, tokens),
    initializers: [
      floats(start, [1, 1, tokens], shares),
      floats(half, [], Float32Array.of(0.5)),
      integers(headAxis, [1]),
      integers(shape, [-1, tokens]),
    ],
    nodes,
  };
};

const additions: Readonly<Record<ExtraOutput, Addition>> = { embedding, attention };

const add = (graph: onnx.IGraphProto, { output, initializers, nodes }: Additions): onnx.IGraphProto => ({
  ...graph,
  node: [...(graph.node ?? []), ...nodes],
  initializer: [...(graph.initializer ?? []), ...initializers],
  output: [...(graph.output ?? []), output],
});

/**
 * A model with these outputs, after those that it has.
 * @returns the model; or one sentence saying why it cannot have one
 */
export const withOutputs = (model: onnx.IModelProto, wanted: readonly ExtraOutput[]): onnx.IModelProto | string => {
  let graph = model.graph ?? {};
  const missing = wanted.filter((name) => !graph.output?.some((output) => output.name === name));
  if (missing.length === 0) return model;
  const layout = readTokenLayout(model);
  if (layout === undefined) return "its metadata do not tell where its tokens lie";
  // What the head reads of would be each clip's own.
  if (missing.includes(names.attention) && model.metadataProps?.some(({ key }) => key === metadataKey("anyLength")))
    return `its clips have lengths of their own, and ${names.attention} is of as many tokens in all; compile with padOrCut, or length: "fixed" in ast()`;
  for (const name of missing) {
    const addition = additions[name](graph, layout);
    if (typeof addition === "string") return addition;
    graph = add(graph, addition);
  }
  return { ...model, graph };
};
