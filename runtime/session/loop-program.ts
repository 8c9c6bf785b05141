/** Several training steps as one graph: an ONNX Loop that carries the states. */
import onnxProto, { type onnx } from "onnx-proto";
import { names } from "../../compiler/artifact.ts";
import { onnxTypeNumbers } from "./read-artifact.ts";
import { asInput, type TrainingProgram, withGraph } from "./session-program.ts";

/** The loop's own input: how many steps, int64 []. */
export const stepCount = "loop/count";

const [step, condition, goesOn] = ["loop/step", "loop/condition", "loop/goes-on"];

const scalar = (name: string, elemType: number): onnx.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType, shape: { dim: [] } } },
});

const withLeadingAxis = ({ name = "", type }: onnx.IValueInfoProto): onnx.IValueInfoProto => {
  const { elemType = 0, shape } = type?.tensorType ?? {};
  return { name, type: { tensorType: { elemType, shape: { dim: [{ dimParam: "steps" }, ...(shape?.dim ?? [])] } } } };
};

/**
 * A program of any number of steps in one run, for devices whose results cannot stay there between runs: the states go in
 * and come out once per run. Each input of a step has one more axis, in front, and so has the loss.
 */
export const loopProgram = ({ model, states }: TrainingProgram): TrainingProgram => {
  const graph = model.graph ?? {};
  const carried = states.flatMap(({ stored, next }) => (next === undefined ? [] : [{ stored, next }]));
  const constantStates = new Set(states.flatMap(({ stored, next }) => (next === undefined ? [stored.name] : [])));
  const isState = new Set(states.map(({ stored }) => stored.name));
  const stepInputs = (graph.input ?? []).filter(({ name }) => !isState.has(name ?? ""));

  // Names inside must differ from those outside, which the loop's own inputs and outputs take.
  const inside = (name: string): string => (name === "" || constantStates.has(name) ? name : `step/${name}`);
  const renamed = <Named extends { readonly name?: string | null }>(named: Named): Named => ({
    ...named,
    name: inside(named.name ?? ""),
  });
  const body: onnx.IGraphProto = {
    name: "step",
    node: [
      { opType: "Identity", input: [condition], output: [goesOn] },
      ...stepInputs.map(({ name }) => ({
        opType: "Gather",
        name: `loop/take ${name}`,
        input: [name ?? "", step],
        output: [inside(name ?? "")],
        attribute: [{ name: "axis", type: onnxProto.onnx.AttributeProto.AttributeType.INT, i: 0 }],
      })),
      ...(graph.node ?? []).map((node) => ({
        ...node,
        input: (node.input ?? []).map(inside),
        output: (node.output ?? []).map(inside),
      })),
    ],
    initializer: (graph.initializer ?? []).map(renamed),
    input: [
      scalar(step, onnxTypeNumbers.int64),
      scalar(condition, onnxProto.onnx.TensorProto.DataType.BOOL),
      ...carried.map(({ stored }) => renamed(asInput(stored))),
    ],
    output: [
      scalar(goesOn, onnxProto.onnx.TensorProto.DataType.BOOL),
      ...carried.map(({ stored, next }) => renamed(asInput({ ...stored, name: next }))),
      renamed(scalar(names.loss, onnxTypeNumbers.float32)),
    ],
  };
  const loop: onnx.INodeProto = {
    opType: "Loop",
    name: "loop",
    input: [stepCount, "", ...carried.map(({ stored }) => stored.name)],
    output: [...carried.map(({ next }) => next), names.loss],
    attribute: [{ name: "body", type: onnxProto.onnx.AttributeProto.AttributeType.GRAPH, g: body }],
  };
  return {
    states,
    model: withGraph(model, {
      name: "training steps",
      node: [loop],
      input: [
        scalar(stepCount, onnxTypeNumbers.int64),
        ...stepInputs.map(withLeadingAxis),
        ...states.map(({ stored }) => asInput(stored)),
      ],
      output: [
        ...carried.map(({ stored, next }) => asInput({ ...stored, name: next })),
        withLeadingAxis(scalar(names.loss, onnxTypeNumbers.float32)),
      ],
    }),
  };
};
