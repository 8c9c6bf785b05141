/**
 * Outputs that an inference graph may have besides logits and scores. They are added to a finished graph, when it is compiled or when it
 * is opened; what tells its values are its nodes' names (`forward/<path of the layer>/<operator>.<number>`) and its token layout.
 */
import { onnxTypeNumbers } from "./element-types.ts";
import { metadataKey } from "./metadata.ts";
import { names } from "./names.ts";
import { AttributeType, type onnx } from "./onnx.ts";
import { patchesToken, placesOfTokens, readTokenLayout, type TokenLayout } from "./token-layout.ts";

/**
 * `embedding` [batch, width]: what the last dense layer takes.
 *
 * `attention` [batch, tokens]: how much of each token reaches what the head reads, by attention rollout (Abnar and Zuidema 2020,
 * "Quantifying Attention Flow in Transformers", section 3). A block's attention is the mean over its heads; its residual passes on as much
 * as it adds: A = (W + I) / 2. The product of the blocks' matrices says what each token of the last block is made of; of its rows those
 * count that the head takes the mean of. Rows sum to 1, and so does the output. Where clips have lengths of their own, there are as many
 * tokens as the longest of the batch has, and those that are absent of a shorter one are 0: of each row of patches its first ones are its own.
 */
export const extraOutputs = [names.embedding, names.attention] as const;
export type ExtraOutput = (typeof extraOutputs)[number];

interface Additions {
  readonly output: onnx.IValueInfoProto;
  readonly initializers: readonly onnx.ITensorProto[];
  /** At the graph's end. */
  readonly nodes: readonly onnx.INodeProto[];
}

/** What is added; or why it cannot be, as a sentence. @param hasLengths whether clips have lengths of their own */
type Addition = (graph: onnx.IGraphProto, layout: TokenLayout, hasLengths: boolean) => Additions | string;

const outputOf = (name: string, length: number | string | undefined): onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: onnxTypeNumbers.float32,
      shape: { dim: [{ dimParam: "batch" }, typeof length === "string" ? { dimParam: length } : { dimValue: length }] },
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

/** How often the head takes the mean of each token, by its place in the order; patches have one place together. */
const pooledTimes = ({ positions, pooling }: TokenLayout): readonly number[] =>
  positions.map((name) => pooling.filter((each) => each === name).length);

/** The share of each token in the mean that the head takes: [tokens]. */
const pooledShares = (layout: TokenLayout): Float32Array => {
  const counts = [...placesOfTokens(layout).values()].map(({ count }) => count);
  const all = pooledTimes(layout).flatMap((times, index) => Array.from({ length: counts[index] ?? 0 }, () => times));
  const total = all.reduce((sum, times) => sum + times, 0);
  return Float32Array.from(all, (times) => times / total);
};

/** Of attention, 1 where a token is absent: [batch, tokens]; it is 1 less what is present. `compiler/layers/presence.ts` writes it. */
const absentTokens = "forward/length/sub.0";

const endOfAxis = 2 ** 31 - 1;

/** Appends a node of a layer. @returns its output */
type Write = (
  path: string,
  opType: string,
  input: readonly string[],
  attributes?: Readonly<Record<string, number>>,
) => string;
/** Adds an initializer. @returns its name */
type Hold = (name: string, tensor: (name: string) => onnx.ITensorProto) => string;

/**
 * The same where clips have lengths of their own: of each clip's tokens, and 0 for those that are absent, [batch, 1, tokens].
 * @param present 1 for a clip's own tokens and 0 for absent ones, [batch, tokens]
 */
const ownShares = (layout: TokenLayout, present: string, write: Write, hold: Hold): string => {
  const patches = layout.positions.indexOf(patchesToken);
  const after = layout.positions.length - 1 - patches;
  const times = pooledTimes(layout);
  const axis = hold("token-axis", (name) => integers(name, [1]));
  const part = (from: number, to: number, weights: readonly number[]): string => {
    const place = (number: number): string => hold(`place.${number}`, (name) => integers(name, [number]));
    const taken = write("length", "Slice", [present, place(from), place(to), axis]);
    const weight = hold(`times.${from}`, (name) => floats(name, [weights.length], Float32Array.from(weights)));
    return write("length", "Mul", [taken, weight]);
  };
  // How many patches there are only a run knows: what stands behind them is counted from the end.
  const parts = [
    ...(patches > 0 ? [part(0, patches, times.slice(0, patches))] : []),
    part(patches, after > 0 ? -after : endOfAxis, times.slice(patches, patches + 1)),
    ...(after > 0 ? [part(-after, endOfAxis, times.slice(patches + 1))] : []),
  ];
  const counted = write("length", "Concat", parts, { axis: 1 });
  const shares = write("length", "Div", [counted, write("length", "ReduceSum", [counted, axis])]);
  return write("length", "Reshape", [shares, hold("row", (name) => integers(name, [0, 1, -1]))]);
};

const attention: Addition = (graph, layout, hasLengths) => {
  const layers = findProbabilities(graph);
  const [first] = layers;
  if (!first) return `it has no attention layer, whose weights ${names.attention} is made of`;
  if (addsTokensAfter(graph, first.node))
    return `tokens are added between its attention layers, and ${names.attention} is of the same tokens in all`;

  const [nodes, initializers] = [[] as onnx.INodeProto[], new Map<string, onnx.ITensorProto>()];
  const write: Write = (path, opType, input, attributes = {}) => {
    const stem = `forward/${path}/rollout${opType}.`;
    const name = `${stem}${nodes.filter((node) => node.name?.startsWith(stem)).length}`;
    const attribute = Object.entries(attributes).map(([key, i]) => ({ name: key, type: AttributeType.INT, i }));
    nodes.push({ opType, name, input: [...input], output: [name], attribute });
    return name;
  };
  const hold: Hold = (name, tensor) => {
    const full = `constant/${names.attention}.${name}`;
    initializers.set(full, tensor(full));
    return full;
  };
  const headAxis = hold("head-axis", (name) => integers(name, [1]));
  /** Of a row, the tokens that ask in a layer: where the head hears a few, the compiler (`passes/narrow.ts`) leaves the others out. */
  const askingOf = (path: string, row: string): string => {
    const slice = graph.node?.find(({ opType, name }) => opType === "Slice" && name?.startsWith(`forward/${path}/`));
    const [, from = "", to = ""] = slice?.input ?? [];
    if (!slice) return row;
    return write(path, "Slice", [row, from, to, hold("query-axis", (name) => integers(name, [2]))]);
  };
  const shares = pooledShares(layout);
  const present = graph.node?.find(({ output }) => output?.[0] === absentTokens)?.input?.[1];
  if (hasLengths && present === undefined) return "it does not tell which tokens are a clip's own";
  // The row of what the head reads goes back through the blocks, from the last to the first: a vector by a matrix, not two matrices.
  // Of what leads to a node ONNX Runtime (1.30) computes that first which stands last: so the mean of each block's heads is taken when
  // they have just been computed, and they are not kept.
  let row =
    present !== undefined
      ? ownShares(layout, present, write, hold)
      : hold("pooled", (name) => floats(name, [1, 1, shares.length], shares));
  for (const { path, node } of layers.toReversed()) {
    const means = write(path, "ReduceMean", [node.output?.[0] ?? "", headAxis], { keepdims: 0 });
    const added = write(path, "MatMul", [askingOf(path, row), means]);
    row = inResidual.test(path)
      ? write(path, "Mul", [
          write(path, "Add", [row, added]),
          hold("half", (name) => floats(name, [], Float32Array.of(0.5))),
        ])
      : added;
  }
  const rows = write(first.path, "Reshape", [row, hold("shape", (name) => integers(name, [0, -1]))]);
  return {
    output: outputOf(names.attention, present === undefined ? shares.length : "tokens"),
    initializers: [...initializers.values()],
    nodes: nodes.map((node) => (node.name === rows ? { ...node, output: [names.attention] } : node)),
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
  if (layout === undefined) return "no patchEmbedding tells where its tokens lie in the spectrogram";
  const hasLengths = model.metadataProps?.some(({ key }) => key === metadataKey("anyLength")) ?? false;
  for (const name of missing) {
    const addition = additions[name](graph, layout, hasLengths);
    if (typeof addition === "string") return addition;
    graph = add(graph, addition);
  }
  return { ...model, graph };
};
