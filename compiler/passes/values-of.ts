import type { NodeValues } from "../artifact/nodes-leading-to.ts";
import type { Node } from "../ir/graph.ts";

/** The names of what a node reads and makes. */
export const valuesOf = ({ inputs, outputs }: Node): NodeValues => ({
  inputs: inputs.flatMap((input) => input?.name ?? []),
  outputs: outputs.map(({ name }) => name),
});
