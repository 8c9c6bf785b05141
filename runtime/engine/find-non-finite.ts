/** Finds where values cease to be finite, on the states and the batch of a stage. */
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import { names } from "../../compiler/artifact/names.ts";
import { nodesLeadingTo } from "../../compiler/artifact/nodes-leading-to.ts";
import { AttributeType, type onnx, valuesOf } from "../../compiler/artifact/onnx.ts";
import { nodeIn, partAt, type SpecPart } from "../../compiler/artifact/spec-lines.ts";
import type { Device } from "./device.ts";
import type { Engine, Tensor, Tensors } from "./engine.ts";
import { type NamedGraph, openSession } from "./open-session.ts";
import { type Stage, withGraph } from "./session-program.ts";

export interface NonFinite {
  /** The first part of the spec whose values are not finite. */
  readonly part: SpecPart;
  /** One of the states that it reads, where that is not finite already. */
  readonly state: string | undefined;
}

/** What a part of the spec hands on, on the way to the loss. */
interface Boundary {
  readonly path: string;
  readonly value: string;
  /** NaN where the value is not finite, else 0; [], float32. */
  readonly probe: string;
}

/** In the order in which they are computed. */
const boundariesOf = (nodes: readonly onnx.INodeProto[]): readonly Boundary[] => {
  const forward = nodes.flatMap((node) => {
    const place = nodeIn(node.name ?? "");
    return place === undefined || place.role === "recomputed" || place.role === "gradient"
      ? []
      : [{ path: place.path, ...valuesOf(node) }];
  });
  const readers = new Map<string, Set<string>>();
  for (const { path, inputs } of forward) {
    for (const name of inputs) readers.set(name, (readers.get(name) ?? new Set()).add(path));
  }
  const leaves = (value: string, path: string): boolean =>
    value === names.loss || [...(readers.get(value) ?? [])].some((reader) => reader !== path);
  return forward
    .flatMap(({ path, outputs }) => outputs.flatMap((value) => (leaves(value, path) ? [{ path, value }] : [])))
    .map((boundary, index) => ({ ...boundary, probe: `probe/${index}` }));
};

const zero = "probe/zero";

/** 0 x is NaN for what is not finite; so is their sum. Values are not kept, so that a probe takes no more memory than the stage. */
const probeNodes = ({ value, probe }: Boundary): readonly onnx.INodeProto[] => [
  {
    opType: "Cast",
    input: [value],
    output: [`${probe}/float32`],
    attribute: [{ name: "to", type: AttributeType.INT, i: onnxTypeNumbers.float32 }],
  },
  { opType: "Mul", input: [`${probe}/float32`, zero], output: [`${probe}/zeros`] },
  {
    opType: "ReduceSum",
    input: [`${probe}/zeros`],
    output: [probe],
    attribute: [{ name: "keepdims", type: AttributeType.INT, i: 0 }],
  },
];

/** The way to the loss, with a probe at each boundary and nothing else for outputs. */
const probeModel = ({ model }: Stage, boundaries: readonly Boundary[]): onnx.IModelProto => {
  const graph = model.graph ?? {};
  const probed = [...(graph.node ?? []), ...boundaries.flatMap(probeNodes)];
  const node = nodesLeadingTo(
    probed,
    valuesOf,
    boundaries.map(({ probe }) => probe),
  );
  const read = new Set(node.flatMap(({ input }) => input ?? []));
  const isRead = ({ name }: { readonly name?: string | null }): boolean => read.has(name ?? "");
  return withGraph(model, {
    name: "probes",
    node,
    initializer: [
      ...(graph.initializer ?? []).filter(isRead),
      { name: zero, dims: [], dataType: onnxTypeNumbers.float32, rawData: new Uint8Array(4) },
    ],
    input: (graph.input ?? []).filter(isRead),
    output: boundaries.map(({ probe }) => ({
      name: probe,
      type: { tensorType: { elemType: onnxTypeNumbers.float32, shape: { dim: [] } } },
    })),
  });
};

const isFinite = (tensor: Tensor | undefined): boolean =>
  !(tensor && "data" in tensor && tensor.data instanceof Float32Array) || tensor.data.every(Number.isFinite);

/**
 * Runs the way to the loss once more.
 * @param stage the gradients
 * @param inputs its inputs, states among them
 * @returns undefined where the graph does not tell its parts, or all of it is finite
 */
export const findNonFinite = async (
  engine: Engine,
  graph: NamedGraph,
  device: Device,
  stage: Stage,
  inputs: Tensors,
): Promise<NonFinite | undefined> => {
  const boundaries = boundariesOf(stage.model.graph?.node ?? []);
  if (boundaries.length === 0) return undefined;
  const session = await openSession(engine, graph, probeModel(stage, boundaries), device);
  try {
    const isInput = new Set(session.inputNames);
    const outputs = await session.run(Object.fromEntries(Object.entries(inputs).filter(([name]) => isInput.has(name))));
    const first = boundaries.find(({ probe }) => !isFinite(outputs[probe]));
    if (!first) return undefined;
    // Statistics of the batch are moved by the step itself.
    const moved = new Set(stage.replaces.map(({ state }) => state));
    const own = stage.reads.find(
      ({ name }) => name.startsWith(`${first.path}.`) && !moved.has(name) && !isFinite(inputs[name]),
    );
    return { part: partAt(first.path, graph.metadata.lines), state: own?.name };
  } finally {
    await session.release();
  }
};
