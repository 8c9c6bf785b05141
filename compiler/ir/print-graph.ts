import { type Dim, printDim } from "../artifact/dim.ts";
import type { Attribute, Graph, Input, Origin, Value } from "./graph.ts";
import { printShape } from "./shape.ts";

const declare = ({ name, type }: Value): string => `${name}: ${type.dtype}${printShape(type.shape)}`;

const declareInput = ({ distribution, ...value }: Input): string => {
  if (!distribution) return declare(value);
  const { kind, ...settings } = distribution;
  const printed = Object.entries(settings).map(([key, setting]) => `${key}=${JSON.stringify(setting)}`);
  return `${declare(value)} ~ ${kind}(${printed.join(", ")})`;
};

/** Where in the spec a node comes from, if that is known. */
const place = ({ span }: Origin): string => (span ? `  # ${span.file}:${span.line}` : "");

const printAttribute = (value: Attribute): string =>
  JSON.stringify(
    typeof value === "object" ? value.map((dim: Dim) => (typeof dim === "number" ? dim : printDim(dim))) : value,
  );

/** A graph as text, one value a line, for people and for tests. */
export const printGraph = ({ inputs, states, constants, nodes, outputs }: Graph): string =>
  [
    ...inputs.map((input) => `input ${declareInput(input)}`),
    ...states.map(({ value, next }) => `state ${declare(value)}${next ? ` <- ${next.name}` : ""}`),
    ...constants.map(({ value }) => `constant ${declare(value)}`),
    ...nodes.map(({ op, inputs: operands, outputs: results, attributes, origin }) => {
      const settings = Object.entries(attributes).map(([key, value]) => `${key}=${printAttribute(value)}`);
      return `${results.map(declare).join(", ")} = ${op}(${[...operands.map((value) => value?.name ?? "-"), ...settings].join(", ")})${place(origin)}`;
    }),
    ...outputs.map(({ name }) => `output ${name}`),
    "",
  ].join("\n");
