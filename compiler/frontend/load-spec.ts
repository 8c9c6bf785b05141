import { existsSync } from "node:fs";
import type { GraphInput } from "../artifact/metadata.ts";
import { CompileError } from "../diagnostics/diagnostic.ts";
import type { Locate, NormalizedSpec } from "../ir/normalized-spec.ts";
import type { MatchedCheckpoint } from "../weights/match-layout.ts";
import { openModel } from "../weights/open-model.ts";
import { CheckpointError } from "../weights/readers/checkpoint-error.ts";
import { normalizeSpec, resolveCheckpoint } from "./normalize-spec.ts";
import { type ReadSpec, readSpec } from "./read-spec.ts";
import { parseSettings } from "./settings.ts";

export interface LoadOptions {
  readonly spec: string;
  readonly input: GraphInput;
  /** A checkpoint to start from instead of the spec's; "none": start from the seed. */
  readonly weights?: string;
  /** Which of the checkpoint's models, instead of the spec's choice. */
  readonly weightsFrom?: string;
  /** A CSV of the checkpoint's class names by row, instead of the spec's. */
  readonly weightsLabels?: string;
  /** What the spec's options are instead, as `["stride=12", "training.epochs=5"]`. */
  readonly settings?: readonly string[];
  /** Bytes that training may take, instead of the spec's `memory`. */
  readonly memoryBytes?: number;
}

export interface LoadedSpec {
  readonly spec: NormalizedSpec;
  readonly locate: Locate;
  /** The checkpoint to start from, if there is one; its values are still in its file. */
  readonly source: MatchedCheckpoint | undefined;
}

/** The checkpoint that a spec names: what is wrong with it is told where it is named. */
const openNamed = (path: string, from: string | undefined, { model, locate }: ReadSpec): MatchedCheckpoint => {
  try {
    return openModel(path, from);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    const span = model.pretrained && locate(model.pretrained, "file");
    const fix = existsSync(path) ? undefined : "put the file there, or start from random weights: --weights none";
    throw new CompileError([{ code: "checkpoint", message: error.message, span, fix }]);
  }
};

/** The checkpoint to start from: the one named here, else the spec's. */
const openSource = (
  read: ReadSpec,
  { spec, weights, weightsFrom, weightsLabels }: LoadOptions,
): MatchedCheckpoint | undefined => {
  const pretrained = read.model.pretrained && resolveCheckpoint(read.model.pretrained, spec);
  const from = weightsFrom ?? pretrained?.from;
  if (weights === undefined && pretrained?.file !== undefined) return openNamed(pretrained.file, from, read);
  if (weights !== undefined && weights !== "none") return openModel(weights, from);
  const refuse = (message: string): never => {
    throw new CompileError([{ code: "checkpoint", message }]);
  };
  if (weightsFrom !== undefined) refuse("--weights-from names a part of a checkpoint, but there is none");
  if (weightsLabels !== undefined) refuse("--weights-labels names the classes of a checkpoint, but there is none");
  return undefined;
};

/**
 * A spec's file as what is lowered. The checkpoint comes before the defaults: a spec may leave it to tell its features.
 * @throws CompileError with everything that is wrong with the spec, CheckpointError for a checkpoint that cannot be used
 */
export const loadSpec = (options: LoadOptions): LoadedSpec => {
  const read = readSpec(options.spec, parseSettings(options.settings ?? []));
  const { model, locate } = read;
  const source = openSource(read, options);
  const told = source && { path: source.path, features: source.facts.features };
  const written = normalizeSpec(model, locate, options.spec, options.input, told);
  const { memoryBytes } = options;
  const spec = memoryBytes === undefined ? written : { ...written, recipe: { ...written.recipe, memoryBytes } };
  // Where a property of the spec, or of its recipe, was written, as that of what it was made of.
  const sources = new Map<object, object>([
    [spec, model],
    ...(memoryBytes === undefined ? [[spec.recipe, model.training] as const] : []),
  ]);
  const locateIn: Locate = (object, property) => locate(sources.get(object) ?? object, property);
  return { spec, locate: locateIn, source };
};
