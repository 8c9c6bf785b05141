/** Parameters as this compiler names them: a `graph.onnx`, or the `.safetensors` that `runtime export` writes of one. */
import * as v from "valibot";
import { geometryKey } from "../../artifact.ts";
import type { Checkpoint } from "../readers/checkpoint.ts";
import { CheckpointError } from "../readers/checkpoint-error.ts";
import type { SourceGeometry } from "../geometry.ts";
import { type Layout, only } from "./layout.ts";
import { referenceRules } from "./reference-name.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const schema = v.object({
  grid: v.object({ rows: count, columns: count }),
  positions: v.array(v.string()),
  heads: v.exactOptional(count),
});

const readGeometry = ({ metadata }: Checkpoint, path: string): SourceGeometry => {
  const text = metadata.get(geometryKey);
  if (text === undefined) return {};
  try {
    return v.parse(schema, JSON.parse(text));
  } catch {
    throw new CheckpointError(path, `its metadata property ${geometryKey} is damaged; compile or export it again`);
  }
};

export const specgraph: Layout = {
  name: "specgraph",
  prefixes: [""],
  markers: ["blocks.0.residual1.attention.qkv.weight"],
  isDeclared: ({ metadata }) => metadata.has(geometryKey),
  grid: "any",
  // What the reference does not have, such as another head, keeps its name.
  rules: [...referenceRules, only(/^(.+)$/, "$1")],
  readGeometry,
};
