/**
 * Feeds a graph the lengths that it computes of its inputs' shapes (`length/...`, by `compiler/emit/encode-model.ts`). They are whole
 * numbers of 64 bits, for which WebGPU has no arithmetic: ONNX Runtime would have them on the CPU, and could not be asked to refuse a
 * graph of which the device runs only a part.
 */
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import type { onnx } from "../../compiler/artifact/onnx.ts";
import type { EngineSession, HostTensor, HostTensors, Tensors } from "./engine.ts";

type Integers = readonly number[];

/** Of a node, from its operands. */
type Compute = (operands: readonly Integers[], node: onnx.INodeProto) => Integers;

/** Element by element; a list of one goes with each of the other's. */
const pairwise =
  (compute: (a: number, b: number) => number): Compute =>
  ([a = [], b = []]) =>
    Array.from({ length: Math.max(a.length, b.length) }, (_, at) =>
      compute(a[at] ?? a[0] ?? NaN, b[at] ?? b[0] ?? NaN),
    );

const attributeOf = ({ attribute }: onnx.INodeProto, key: string): number =>
  Number(attribute?.find(({ name }) => name === key)?.i ?? NaN);

/** What lengths are made with; they are 0 or more. */
const arithmetic = new Map<string, Compute>([
  ["Shape", ([dims = []], node) => dims.slice(attributeOf(node, "start"), attributeOf(node, "end"))],
  ["Add", pairwise((a, b) => a + b)],
  ["Sub", pairwise((a, b) => a - b)],
  ["Mul", pairwise((a, b) => a * b)],
  ["Div", pairwise((a, b) => Math.floor(a / b))],
  [
    "Clip",
    ([values = [], [least = NaN] = [], [most = NaN] = []]) =>
      values.map((value) => Math.min(Math.max(value, least), most)),
  ],
  ["Concat", (operands) => operands.flat()],
]);

interface Length {
  readonly node: onnx.INodeProto;
  readonly compute: Compute;
}

/** The nodes that compute lengths of shapes of inputs, of constants, and of other lengths. */
const findLengths = (
  { node, input }: onnx.IGraphProto,
  constants: ReadonlyMap<string, Integers>,
): readonly Length[] => {
  const inputs = new Set((input ?? []).map(({ name }) => name ?? ""));
  const known = new Set(constants.keys());
  return (node ?? []).flatMap((each) => {
    const compute = arithmetic.get(each.opType ?? "");
    const operands = each.opType === "Shape" ? inputs : known;
    const isLength =
      each.name?.startsWith("length/") === true && each.input?.every((name) => operands.has(name)) === true;
    if (!compute || !isLength) return [];
    each.output?.forEach((name) => known.add(name));
    return [{ node: each, compute }];
  });
};

/** Of the graph, those of whole numbers. */
const readConstants = ({ initializer }: onnx.IGraphProto): ReadonlyMap<string, Integers> =>
  new Map(
    (initializer ?? []).flatMap(({ name, dataType, rawData }) =>
      dataType === onnxTypeNumbers.int64 && rawData
        ? [[name ?? "", Array.from(new BigInt64Array(Uint8Array.from(rawData).buffer), Number)] as const]
        : [],
    ),
  );

const asTensor = (values: Integers): HostTensor => ({
  type: "int64",
  data: BigInt64Array.from(values, BigInt),
  dims: [values.length],
});

const asInput = (name: string): onnx.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType: onnxTypeNumbers.int64, shape: { dim: [{}] } } },
});

export interface Fed {
  /** Its lengths are inputs. */
  readonly model: onnx.IModelProto;
  /** A session of this model as one of the model that it was made of. */
  readonly feeding: (session: EngineSession) => EngineSession;
}

export const feedLengths = (model: onnx.IModelProto): Fed => {
  const graph = model.graph ?? {};
  const constants = readConstants(graph);
  const lengths = findLengths(graph, constants);
  const computed = new Set(lengths.map(({ node }) => node));
  const others = (graph.node ?? []).filter((node) => !computed.has(node));
  const read = new Set(others.flatMap(({ input }) => input ?? []));
  const fed = lengths.flatMap(({ node }) => node.output ?? []).filter((name) => read.has(name));

  const withLengths = <Given extends Tensors>(feeds: Given): Given & HostTensors => {
    const known = new Map(constants);
    const operandOf = (name: string): Integers => known.get(name) ?? feeds[name]?.dims ?? [];
    for (const { node, compute } of lengths)
      known.set(node.output?.[0] ?? "", compute((node.input ?? []).map(operandOf), node));
    return { ...feeds, ...Object.fromEntries(fed.map((name) => [name, asTensor(operandOf(name))])) };
  };
  const isLeft = ({ name }: onnx.ITensorProto): boolean => !constants.has(name ?? "") || read.has(name ?? "");
  const own = new Set(fed);
  return {
    model: {
      ...model,
      graph: {
        ...graph,
        node: others,
        initializer: (graph.initializer ?? []).filter(isLeft),
        input: [...(graph.input ?? []), ...fed.map(asInput)],
      },
    },
    feeding: (session) => ({
      ...session,
      inputNames: session.inputNames.filter((name) => !own.has(name)),
      run: (feeds) => session.run(withLengths(feeds)),
      runInto: (feeds, outputs) => session.runInto(withLengths(feeds), outputs),
    }),
  };
};
