import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Model } from "../../spec/dsl/model.ts";
import type { GraphInput } from "../artifact/metadata.ts";
import type { DiagnosticCode } from "../diagnostics/codes/codes.ts";
import { CompileError } from "../diagnostics/diagnostic.ts";
import type { Locate, NormalizedSpec } from "../ir/normalized-spec.ts";
import type { MatchedCheckpoint } from "../weights/match-layout.ts";
import { openModel } from "../weights/open-model.ts";
import { CheckpointError } from "../weights/readers/checkpoint-error.ts";
import { weightsFiles } from "../weights/weights-files.ts";
import { normalizeSpec, resolveCheckpoint } from "./normalize-spec.ts";
import { eachVariant } from "./each-variant.ts";
import { readModels, type ReadSpec, readSpec } from "./read-spec.ts";
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
  /** Which of the spec's variants, where it has some. */
  readonly variant?: string;
  /** Bytes that training may take, instead of the spec's `memory`. */
  readonly memoryBytes?: number;
  /** Is told of each file that is read, with its path, before it is; of those that are not there, too. */
  readonly onRead?: (path: string) => void;
}

/** What a command line says about all variants of a spec. */
export type VariantsOptions = Omit<LoadOptions, "variant">;

export interface LoadedSpec {
  readonly spec: NormalizedSpec;
  readonly locate: Locate;
  /** The checkpoint to start from, if there is one; its values are still in its file. */
  readonly source: MatchedCheckpoint | undefined;
  /** What the spec was made with. */
  readonly options: ReadSpec["options"];
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

/** What a spec reads besides its own text: names of classes, and weights with what lies beside them. */
const filesBeside = (model: Model, { spec, weights, weightsLabels }: LoadOptions): readonly string[] => {
  const { classes } = model.objective;
  const pretrained = model.pretrained && resolveCheckpoint(model.pretrained, spec);
  const checkpoint = weights === "none" ? undefined : (weights ?? pretrained?.file);
  return [
    ...("kind" in classes ? [resolve(dirname(spec), classes.path)] : []),
    ...(checkpoint === undefined ? [] : weightsFiles(checkpoint)),
    ...[weightsLabels ?? pretrained?.labels].filter((path) => path !== undefined),
  ];
};

/** The checkpoint comes before the defaults: a spec may leave it to tell its features. */
const loadRead = (read: ReadSpec, options: LoadOptions): LoadedSpec => {
  const { model, locate } = read;
  for (const path of filesBeside(model, options)) options.onRead?.(path);
  const source = openSource(read, options);
  const told = source && { path: source.path, features: source.facts.features };
  const written = normalizeSpec(model, locate, options.spec, options.input, told);
  const { memoryBytes } = options;
  const spec = memoryBytes === undefined ? written : { ...written, recipe: { ...written.recipe, memoryBytes } };
  // Where a property of the spec, or of its training, was written, as that of what it was made of.
  const { training } = model;
  const sources = new Map<object, object>([
    [spec, model],
    [spec.optimizer, training.optimizer],
    [spec.precision, training.precision ?? training],
    [spec.rates, training.rates ?? training],
    ...(memoryBytes === undefined ? [[spec.recipe, training] as const] : []),
  ]);
  const locateIn: Locate = (object, property) => locate(sources.get(object) ?? object, property);
  return { spec, locate: locateIn, source, options: read.options };
};

/**
 * A spec's file, or one of its variants, as what is lowered.
 * @throws CompileError with everything that is wrong with the spec, CheckpointError for a checkpoint that cannot be used
 */
export const loadSpec = (options: LoadOptions): LoadedSpec => {
  const { spec, settings = [], variant, weights } = options;
  const read = readSpec(spec, parseSettings(settings), variant, options.onRead);
  if (variant !== undefined && weights !== undefined && weights !== "none" && read.model.pretrained === undefined) {
    const message = `${variant} starts from random weights, and --weights names others`;
    throw new CompileError([{ code: "variant-without-weights", message, fix: "leave --weights out" }]);
  }
  return loadRead(read, options);
};

export interface LoadedVariant extends LoadedSpec {
  readonly name: string;
  readonly seeds: readonly number[];
}

/** What a model is told from others by, whatever it is called. */
export const identityOf = ({ spec, source }: LoadedSpec): string =>
  JSON.stringify({ ...spec, name: undefined, pretrained: source && [source.path, spec.pretrained] });

/**
 * All variants of a spec's file as what is lowered. A checkpoint that is named here is that of the variants which start from one.
 * @throws CompileError with everything that is wrong with any of them, CheckpointError for a checkpoint that cannot be used
 */
export const loadVariants = (options: VariantsOptions): readonly LoadedVariant[] => {
  const { spec: path, input, settings = [], weights = "none", memoryBytes } = options;
  const random: LoadOptions = {
    spec: path,
    input,
    weights: "none",
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(options.onRead ? { onRead: options.onRead } : {}),
  };
  const read = readModels(path, parseSettings(settings), options.onRead);
  const refuse = (code: DiagnosticCode, message: string, fix?: string): never => {
    throw new CompileError([{ code, message: `${path}${message}`, fix }]);
  };
  if ("model" in read)
    return refuse(
      "spec-without-variants",
      " exports one model, and no variants",
      "export default variants(ast, { ... })",
    );
  const { variants } = read;
  if (weights !== "none" && variants.every(({ model }) => model.pretrained === undefined))
    refuse("variant-without-weights", ": all variants start from random weights, and --weights names others");
  const loaded = eachVariant(variants, (variant) => {
    const { name, model, seeds } = variant;
    return { name, seeds, ...loadRead(variant, model.pretrained === undefined ? random : options) };
  });
  const seen = new Map<string, LoadedVariant>();
  for (const variant of loaded) {
    const other = seen.get(identityOf(variant));
    if (other) {
      const differInWeights = JSON.stringify(other.spec.pretrained) !== JSON.stringify(variant.spec.pretrained);
      const fix =
        differInWeights && weights === "none" ? "name the weights that variants start from: --weights FILE" : undefined;
      refuse("variants-same", `: variants ${other.name} and ${variant.name} are the same model`, fix);
    }
    seen.set(identityOf(variant), variant);
  }
  return loaded;
};
