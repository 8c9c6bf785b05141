/** Several batches' training as one graph: an ONNX Loop that carries the states. */
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import { AttributeType, type onnx } from "../../compiler/artifact/onnx.ts";
import { names } from "../../compiler/artifact/names.ts";
import { asInput, ownInputs, type Stage, type TrainingProgram, withGraph } from "./session-program.ts";
import type { StoredTensor } from "../artifact/stored-tensor.ts";

/** The loop's own inputs: how many batches, int64 [], and for each whether the update follows it, bool [batches]. */
export const batchCount = "loop/count";
export const endsStep = "loop/ends-step";

const [turn, condition, goesOn] = ["loop/turn", "loop/condition", "loop/goes-on"];

const valueInfo = (
  name: string,
  elemType: number,
  dim: onnx.TensorShapeProto.IDimension[] = [],
): onnx.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType, shape: { dim } } },
});

const withLeadingAxis = ({ name, type }: onnx.IValueInfoProto): onnx.IValueInfoProto => {
  const { elemType, shape } = type?.tensorType ?? {};
  return valueInfo(name ?? "", elemType ?? 0, [{ dimParam: "batches" }, ...(shape?.dim ?? [])]);
};

const graphAttribute = (name: string, g: onnx.IGraphProto): onnx.IAttributeProto => ({
  name,
  type: AttributeType.GRAPH,
  g,
});

type Rename = (name: string) => string;

const renamedNodes = (nodes: readonly onnx.INodeProto[], rename: Rename): onnx.INodeProto[] =>
  nodes.map((node) => ({
    ...node,
    name: node.name ? rename(node.name) : "",
    input: (node.input ?? []).map((name) => (name === "" ? "" : rename(name))),
    output: (node.output ?? []).map(rename),
  }));

const renamedInitializers = ({ initializer }: onnx.IGraphProto, rename: Rename): onnx.ITensorProto[] =>
  (initializer ?? []).map((tensor) => ({ ...tensor, name: rename(tensor.name ?? "") }));

interface Carried {
  readonly state: StoredTensor;
  readonly next: string;
}

/**
 * A program of any number of batches in one run, for devices whose results cannot stay there between runs: the states go in
 * and come out once per run. Each input of a batch has one more axis, in front, and so has the loss.
 */
export const loopProgram = ({ gradients, update, states, statistics }: TrainingProgram): Stage => {
  const isStatistic = new Set(statistics.map(({ name }) => name));
  const nextOf = (replaces: Stage["replaces"]): ReadonlyMap<string, string> =>
    new Map(replaces.map(({ state, next }) => [state, next]));
  const nextGradient = nextOf(gradients.replaces.filter(({ state }) => !isStatistic.has(state)));
  const nextStatistic = nextOf(gradients.replaces.filter(({ state }) => isStatistic.has(state)));
  // Gradients that no batch reads of the one before it are values within a turn.
  const isAddedUp = gradients.reads.some(({ name }) => nextGradient.has(name));
  const nexts = new Map([...(isAddedUp ? nextGradient : []), ...nextStatistic, ...nextOf(update.replaces)]);
  const carried = states.flatMap((state): readonly Carried[] => {
    const next = nexts.get(state.name);
    return next === undefined ? [] : [{ state, next }];
  });
  const isRead = new Set([...gradients.reads, ...update.reads].map(({ name }) => name));
  const constant = states.filter(({ name }) => isRead.has(name) && !nexts.has(name) && !nextGradient.has(name));
  const isOutside = new Set(constant.map(({ name }) => name));
  const isState = new Set(states.map(({ name }) => name));
  const batchInputs = [...ownInputs(gradients), ...ownInputs(update)];
  const isBatchInput = new Set(batchInputs.map(({ name }) => name));

  // Names inside must differ from those outside, which the loop's own inputs and outputs take; and those of the stages from another.
  const inside: Rename = (name) => (isOutside.has(name) ? name : `batch/${name}`);
  const inUpdate: Rename = (name) => {
    const gradient = nextGradient.get(name);
    if (gradient !== undefined) return inside(gradient);
    return isState.has(name) || isBatchInput.has(name) ? inside(name) : `update/${name}`;
  };

  const updated = carried.filter(({ state }) => !nextGradient.has(state.name) && !nextStatistic.has(state.name));
  const outputOf = (name: string, { state }: Carried): onnx.IValueInfoProto => asInput({ ...state, name });
  const updateGraph = update.model.graph ?? {};
  const identity = (from: string, to: string): onnx.INodeProto => ({ opType: "Identity", input: [from], output: [to] });
  const step: onnx.IGraphProto = {
    name: "update",
    node: renamedNodes(updateGraph.node ?? [], inUpdate),
    initializer: renamedInitializers(updateGraph, inUpdate),
    output: updated.map((each) => outputOf(`update/${each.next}`, each)),
  };
  const rest: onnx.IGraphProto = {
    name: "no update",
    node: updated.map(({ state, next }) => identity(inside(state.name), `kept/${next}`)),
    output: updated.map((each) => outputOf(`kept/${each.next}`, each)),
  };
  const stepNodes: onnx.INodeProto[] = isAddedUp
    ? [
        {
          opType: "If",
          name: "loop/update",
          input: [inside(endsStep)],
          output: updated.map(({ next }) => inside(next)),
          attribute: [graphAttribute("then_branch", step), graphAttribute("else_branch", rest)],
        },
      ]
    : [...(step.node ?? []), ...updated.map(({ next }) => identity(`update/${next}`, inside(next)))];

  const given = isAddedUp ? [...batchInputs, valueInfo(endsStep, onnxTypeNumbers.bool)] : batchInputs;
  const gradientsGraph = gradients.model.graph ?? {};
  const body: onnx.IGraphProto = {
    name: "batch",
    node: [
      identity(condition, goesOn),
      ...given.map(({ name }) => ({
        opType: "Gather",
        name: `loop/take ${name}`,
        input: [name ?? "", turn],
        output: [inside(name ?? "")],
        attribute: [{ name: "axis", type: AttributeType.INT, i: 0 }],
      })),
      ...renamedNodes(gradientsGraph.node ?? [], inside),
      ...stepNodes,
    ],
    initializer: [...renamedInitializers(gradientsGraph, inside), ...(isAddedUp ? [] : (step.initializer ?? []))],
    input: [
      valueInfo(turn, onnxTypeNumbers.int64),
      valueInfo(condition, onnxTypeNumbers.bool),
      ...carried.map((each) => outputOf(inside(each.state.name), each)),
    ],
    output: [
      valueInfo(goesOn, onnxTypeNumbers.bool),
      ...carried.map((each) => outputOf(inside(each.next), each)),
      valueInfo(inside(names.loss), onnxTypeNumbers.float32),
    ],
  };
  const loop: onnx.INodeProto = {
    opType: "Loop",
    name: "loop",
    input: [batchCount, "", ...carried.map(({ state }) => state.name)],
    output: [...carried.map(({ next }) => next), names.loss],
    attribute: [graphAttribute("body", body)],
  };
  const reads = [...carried.map(({ state }) => state), ...constant];
  return {
    model: withGraph(gradients.model, {
      name: "training steps",
      node: [loop],
      input: [valueInfo(batchCount, onnxTypeNumbers.int64), ...given.map(withLeadingAxis), ...reads.map(asInput)],
      output: [
        ...carried.map((each) => outputOf(each.next, each)),
        withLeadingAxis(valueInfo(names.loss, onnxTypeNumbers.float32)),
      ],
    }),
    reads,
    replaces: carried.map(({ state, next }) => ({ state: state.name, next, inPlace: false })),
  };
};
