/** Compiles the AST of a reference case, filled with the generator's weights. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExtraOutput } from "../../compiler/artifact/extra-outputs.ts";
import { geometryKey } from "../../compiler/artifact/metadata.ts";
import { describeGeometry } from "../../compiler/weights/facts/geometry.ts";
import type { Extent } from "../../compiler/artifact/cost.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Program } from "../../compiler/ir/program.ts";
import { planWithin, usualPlan } from "../../compiler/memory/fit-memory.ts";
import { lowerSpec } from "../../compiler/lower/lower-spec.ts";
import { writeArtifact } from "../../compiler/emit/write-artifact.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import { referenceName } from "../../compiler/weights/layouts/reference-name.ts";
import { ast, type AstOptions, sizes } from "../../spec/ast.ts";
import { adam, multiLabel, numbered, type Objective, type Optimizer, singleLabel } from "../../spec/dsl/index.ts";
import { parameterValue } from "../golden-data/deterministic-tensor.ts";

/** A case's `config`, as the manifests write it. */
export interface ReferenceConfig {
  readonly model_size: string;
  readonly depth?: number;
  readonly label_dim: number;
  readonly fstride: number;
  readonly tstride: number;
  readonly input_tdim: number;
  readonly tokens?: readonly string[];
}

export interface ReferenceModel {
  readonly config: ReferenceConfig;
  readonly weightTag: string;
  /** Powers of two by which parameters are multiplied. */
  readonly scales?: readonly (readonly [string, number])[];
  readonly objective?: "BCE" | "CE";
  readonly optimizer?: Optimizer;
  /** Besides logits and scores. */
  readonly outputs?: readonly ExtraOutput[];
  /** What of the forward pass is kept for the gradients; default "all". */
  readonly kept?: Kept;
}

export const keptParts = ["all", "usual", "least"] as const;
export type Kept = (typeof keptParts)[number];

const plans: Readonly<Record<Kept, (program: Program, gradients: Graph, extent: Extent) => Graph>> = {
  all: (_, gradients) => gradients,
  usual: (_, gradients, extent) => usualPlan(gradients, extent),
  least: (program, gradients, extent) => planWithin(program, gradients, 0, extent).gradients,
};

/** @returns the path of a graph that starts at features */
export const writeReferenceModel = ({
  config,
  weightTag,
  scales = [],
  objective = "BCE",
  optimizer,
  outputs = [],
  kept = "all",
}: ReferenceModel): string => {
  const size = sizes[config.model_size as keyof typeof sizes];
  const classes = numbered(config.label_dim);
  const objectives: Record<string, Objective> = { BCE: multiLabel({ classes }), CE: singleLabel({ classes }) };
  const options: AstOptions = {
    size: { ...size, depth: config.depth ?? size.depth },
    stride: { bins: config.fstride, frames: config.tstride },
    frames: config.input_tdim,
    tokens: config.tokens?.length === 1 ? ["cls"] : ["cls", "dist"],
    objective: objectives[objective] as Objective,
    training: { optimizer: optimizer ?? adam({ learningRate: 1e-4 }), batch: 4, epochs: 1 },
  };
  const spec = normalizeSpec(ast(options), () => undefined, "reference.ts");
  const lowered = lowerSpec(spec, "features", () => undefined);
  const gradients = lowered.gradients && plans[kept](lowered, lowered.gradients, { batch: 4, samples: 1 });
  const program = { ...lowered, gradients };
  const path = join(mkdtempSync(join(tmpdir(), "specgraph-")), "graph.onnx");
  const exponents = new Map(scales);
  writeArtifact(
    path,
    program,
    ({ value }) => {
      const name = referenceName(value.name) ?? "";
      const values = parameterValue(name, value.type.shape as readonly number[], weightTag);
      const exponent = exponents.get(name);
      return exponent === undefined ? values : values.map((x) => x * 2 ** exponent);
    },
    [{ key: geometryKey, value: JSON.stringify(describeGeometry(spec)) }],
    "test",
    outputs,
  );
  return path;
};
