import { nodesLeadingTo } from "../../compiler/artifact/nodes-leading-to.ts";
import { type onnx, valuesOf } from "../../compiler/artifact/onnx.ts";
import { UserError } from "../user-error.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { withGraph } from "./session-program.ts";

/**
 * The part of the inference graph between two of its values.
 * @param input what the part starts from; what leads to it is left out
 * @throws UserError where the output cannot be computed from the input alone
 */
export const cutProgram = (
  { path, model }: Pick<Artifact, "path" | "model">,
  input: onnx.IValueInfoProto,
  output: onnx.IValueInfoProto,
): onnx.IModelProto => {
  const { node, initializer } = model.graph ?? {};
  const [start, end] = [input.name ?? "", output.name ?? ""];
  const nodes = nodesLeadingTo(
    (node ?? []).filter((each) => !each.output?.includes(start)),
    valuesOf,
    [end],
  );
  const read = new Set(nodes.flatMap((each) => each.input ?? []));
  const initializers = (initializer ?? []).filter(({ name }) => read.has(name ?? ""));
  const known = new Set([
    "",
    start,
    ...initializers.map(({ name }) => name ?? ""),
    ...nodes.flatMap((each) => each.output ?? []),
  ]);
  const unknown = [end, ...read].find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new UserError(
      "inputs-missing",
      { path, start, end, missing: unknown },
      `the graph does not make ${end} of ${start} alone: it needs ${unknown}`,
    );
  return withGraph(model, { name: end, node: nodes, initializer: initializers, input: [input], output: [output] });
};
