/** What no graph may hold, whoever made it; found before ONNX Runtime, which reads whatever file a tensor names, gets to see it. */
import { quoted } from "../../compiler/artifact/printable.ts";
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import { DataLocation, type onnx } from "../../compiler/artifact/onnx.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { names } from "../../compiler/artifact/names.ts";

type Nodes = readonly onnx.INodeProto[] | null | undefined;

/** A graph and those in its nodes' attributes. */
const withInner = (graph: onnx.IGraphProto): readonly onnx.IGraphProto[] => {
  const found = [graph];
  // Not by recursion: a file may nest deeper than the stack reaches. The list grows while it is gone through.
  for (const { node } of found) found.push(...graphsOf(node));
  return found;
};

const attributesOf = (nodes: Nodes): readonly onnx.IAttributeProto[] =>
  (nodes ?? []).flatMap(({ attribute }) => attribute ?? []);

const graphsOf = (nodes: Nodes): readonly onnx.IGraphProto[] =>
  attributesOf(nodes).flatMap(({ g, graphs }) => [...(g ? [g] : []), ...(graphs ?? [])]);

const sparseParts = (tensors: readonly onnx.ISparseTensorProto[] | null | undefined): readonly onnx.ITensorProto[] =>
  (tensors ?? []).flatMap(({ values, indices }) => [values ?? {}, indices ?? {}]);

const tensorsOf = (nodes: Nodes): readonly onnx.ITensorProto[] =>
  attributesOf(nodes).flatMap(({ t, tensors, sparseTensor, sparseTensors }) => [
    ...(t ? [t] : []),
    ...(tensors ?? []),
    ...sparseParts([...(sparseTensor ? [sparseTensor] : []), ...(sparseTensors ?? [])]),
  ]);

const isExternal = ({ dataLocation, externalData }: onnx.ITensorProto): boolean =>
  dataLocation === DataLocation.EXTERNAL || (externalData ?? []).length > 0;

/** The model's tensors but for the initializers of its own graph, in whatever depth. */
const innerTensors = ({ graph, trainingInfo, functions }: onnx.IModelProto): readonly onnx.ITensorProto[] => {
  const own = graph ?? {};
  const outer = (trainingInfo ?? []).flatMap(({ algorithm, initialization }) => [
    ...(algorithm ? [algorithm] : []),
    ...(initialization ? [initialization] : []),
  ]);
  const functionNodes = (functions ?? []).flatMap(({ node }) => node ?? []);
  const all = [own, ...outer, ...graphsOf(functionNodes)].flatMap(withInner);
  return [
    ...all.flatMap((each) => (each === own ? [] : (each.initializer ?? []))),
    ...all.flatMap(({ sparseInitializer, node }) => [...sparseParts(sparseInitializer), ...tensorsOf(node)]),
    ...tensorsOf(functionNodes),
  ];
};

/** Tensors that the runtime knows by name: the graph's with each algorithm's, as they are run. */
const namedTensors = ({ graph, trainingInfo }: onnx.IModelProto): readonly (readonly string[])[] =>
  [{}, ...(trainingInfo ?? []).map(({ algorithm }) => algorithm ?? {})].map((algorithm) =>
    namesIn(graph ?? {}, algorithm),
  );

const namesIn = (graph: onnx.IGraphProto, algorithm: onnx.IGraphProto): readonly string[] => {
  const named = [graph, algorithm].flatMap(({ initializer, sparseInitializer, input }) => [
    ...(initializer ?? []),
    ...(sparseInitializer ?? []).map(({ values }) => values ?? {}),
    ...(input ?? []),
  ]);
  return named.map(({ name }) => name ?? "");
};

export const findTwice = (values: readonly string[]): string | undefined => {
  const seen = new Set<string>();
  return values.find((value) => seen.size === seen.add(value).size);
};

/** [batch, classes] of float32, as far as the graph says. */
const describeOutput = (graph: onnx.IGraphProto, name: string, classes: number): string | undefined => {
  const type = graph.output?.find((output) => output.name === name)?.type?.tensorType;
  if (!type) return `it has no output ${name}`;
  if (type.elemType !== onnxTypeNumbers.float32) return `its output ${name} is not of float32`;
  const dims = type.shape?.dim;
  if (!dims) return undefined;
  const last = dims.at(-1)?.dimValue;
  if (dims.length === 2 && (!last || Number(last) === classes)) return undefined;
  const shape = dims.map(({ dimValue, dimParam }) => (dimValue ? String(dimValue) : (dimParam ?? "")));
  return `its output ${name} is [${shape.join(", ")}], and it names ${classes} classes`;
};

/** @returns what is wrong with the model, as a sentence; undefined where nothing is */
export const checkModel = (model: onnx.IModelProto, { classes }: ArtifactMetadata): string | undefined => {
  const elsewhere = innerTensors(model).find(isExternal);
  if (elsewhere) return `${elsewhere.name || "a tensor"} is kept in another file, which is for parameters alone`;
  const known = namedTensors(model);
  const twice = known.map(findTwice).find((name) => name !== undefined);
  if (twice !== undefined) return `two tensors are called ${quoted(twice)}`;
  // Such as __proto__ and constructor: objects that are keyed by name have them already.
  const reserved = known.flat().find((name) => name in {});
  if (reserved !== undefined) return `a tensor is called ${quoted(reserved)}`;
  const outputs = [names.logits, names.scores].map((name) => describeOutput(model.graph ?? {}, name, classes.length));
  return outputs.find((problem) => problem !== undefined);
};
