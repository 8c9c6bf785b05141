/** Reads a spec: type-checks its source, runs it, and remembers where each of its objects was written. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Project, ts } from "ts-morph";
import type { Model } from "../../spec/dsl/model.ts";
import type { Variants } from "../../spec/dsl/variants.ts";
import { programName } from "../artifact/files/program-name.ts";
import { quoted } from "../artifact/printable.ts";
import type { DiagnosticCode } from "../diagnostics/codes/codes.ts";
import { CompileError, type Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Report } from "../diagnostics/report.ts";
import type { Locate } from "../ir/normalized-spec.ts";
import { type AmendedObjects, applySettings } from "./apply-settings.ts";
import { eachVariant } from "./each-variant.ts";
import { evaluateSpec, type ObjectPlace, type Variation } from "./evaluate-spec.ts";
import { expandVariants, readSeeds } from "./expand-variants.ts";
import { createLocate } from "./locate.ts";
import { type Setting, spanOfSetting, spanOfValue } from "./settings.ts";
import { spanAt } from "./source-span.ts";
import { createTypeErrors, explainSyntax } from "./types/explain-type-error.ts";
import type { Explained } from "./types/explained.ts";
import { createValueTypes } from "./types/value-types.ts";
import { findVariedCall, type VariedCall } from "./varied-call.ts";

export interface ReadSpec {
  readonly model: Model;
  readonly locate: Locate;
  /** What the function that made it was given, and its defaults, as `--set` would say them; undefined: there is none that has some. */
  readonly options: readonly string[] | undefined;
}

export interface ReadVariant extends ReadSpec {
  /** As commands call it. */
  readonly name: string;
  /** What it is trained with; the model's own seed, where the spec says nothing else. */
  readonly seeds: readonly number[];
}

/** What a spec's file exports: one model, or several. */
export type ReadModels = ReadSpec | { readonly variants: readonly ReadVariant[] };

const isSource = import.meta.url.endsWith(".ts");

/** The vocabulary's declarations, in the built package without source. */
const vocabulary = fileURLToPath(new URL(`../../spec/dsl/index.${isSource ? "ts" : "d.ts"}`, import.meta.url));

const isOfVocabulary = (path: string): boolean => path.startsWith(`${dirname(vocabulary)}/`);

/** The source itself, in the built package too (whose code is in `dist/`), so that what is wrong in a use of it is told by its line. */
const astSource = fileURLToPath(new URL(isSource ? "../../spec/ast.ts" : "../../../spec/ast.ts", import.meta.url));

/** What a spec imports by name is this compiler's own, wherever the spec lies. */
const ownModules = { specgraph: vocabulary, "specgraph/ast": astSource };

const openProject = (path: string): Project => {
  const project = new Project({
    skipFileDependencyResolution: true,
    compilerOptions: {
      strict: true,
      // Else an index too far would be a number to the type-checker and undefined to the compiler.
      noUncheckedIndexedAccess: true,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2023.d.ts"],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      allowImportingTsExtensions: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
      paths: Object.fromEntries(Object.entries(ownModules).map(([name, path]) => [name, [path]])),
    },
  });
  project.addSourceFileAtPath(path);
  // Of a spec that imports nothing, too, it is known what it might.
  project.addSourceFileAtPath(vocabulary);
  project.resolveSourceFileDependencies();
  return project;
};

/** The files that a spec is of, and those that it imports and that are not there. */
const filesOf = (project: Project): readonly string[] =>
  project.getSourceFiles().flatMap((file) => {
    const missing = file.getImportDeclarations().flatMap((declaration) => {
      const specifier = declaration.getModuleSpecifierValue();
      if (!specifier.startsWith(".") || declaration.getModuleSpecifierSourceFile()) return [];
      const path = resolve(dirname(file.getFilePath()), specifier);
      return [path, `${path}.ts`];
    });
    return [file.getFilePath(), ...missing];
  });

/** What is wrong with the text of a spec's files, else with its types. */
const findTypeErrors = (project: Project): readonly Diagnostic[] => {
  const program = project.getProgram().compilerObject;
  const place = (error: ts.Diagnostic, { marked, ...explained }: Explained): Diagnostic => {
    const { file, start = 0, length = 1 } = error;
    const span = marked
      ? spanAt(marked.getSourceFile(), marked.getStart(), marked.getEnd())
      : file && spanAt(file, start, start + length);
    return { ...explained, span };
  };
  // What follows an error of syntax is mostly its consequence.
  const syntaxErrors = project.getSourceFiles().flatMap(({ compilerNode }) => {
    const [first] = program.getSyntacticDiagnostics(compilerNode);
    return first ? [place(first, explainSyntax(first))] : [];
  });
  if (syntaxErrors.length > 0) return syntaxErrors;
  const explain = createTypeErrors(program.getTypeChecker(), program.getSourceFile(vocabulary));
  // The vocabulary's own are for those who build it.
  const own = program.getSourceFiles().filter(({ fileName }) => !isOfVocabulary(fileName));
  const errors = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...own.flatMap((file) => program.getSemanticDiagnostics(file)),
  ];
  const found = ts.sortAndDeduplicateDiagnostics(errors).map((error) => place(error, explain(error)));
  // A name that is not known is told once.
  return found.filter(
    ({ code, message }, index) =>
      code !== "unknown-name" || found.findIndex((other) => other.message === message) === index,
  );
};

const createAmendedObjects = (): AmendedObjects => {
  const originals = new WeakMap<object, object>();
  const parts = new WeakMap<object, ReadonlyMap<string, Setting>>();
  const wholes = new WeakMap<object, Setting>();
  const addWhole = (value: unknown, setting: Setting): void => {
    if (typeof value !== "object" || value === null) return;
    wholes.set(value, setting);
    for (const part of Object.values(value)) addWhole(part, setting);
  };
  return {
    originalOf: (object) => originals.get(object) ?? object,
    add: (copy, original, property, setting) => {
      originals.set(copy, originals.get(original) ?? original);
      parts.set(copy, new Map([...(parts.get(original) ?? []), [property, setting]]));
    },
    addWhole,
    find: (object, property) => {
      const setting = wholes.get(object) ?? (property === undefined ? undefined : parts.get(object)?.get(property));
      return setting && spanOfValue(setting);
    },
  };
};

/** What a spec's options are, with the settings in them. */
const createVariation = (
  path: string,
  project: Project,
  varied: VariedCall | undefined,
  settings: readonly Setting[],
  amended: AmendedObjects,
): Variation => {
  const [first] = settings;
  const refuse = (reason: string): never => {
    const span = first && spanOfSetting(first, 0, first.text.length);
    const fix = "export default ast({ ... }), or a function of options";
    throw new CompileError([{ code: "set-without-options", message: `${path}: ${reason}`, span, fix }]);
  };
  const isExport = varied?.call === "export";
  if (!varied || (!first && !isExport && varied.defaults.size === 0)) {
    if (first) refuse("its default export is not made by a call with options, so that nothing can be set");
    return { call: undefined, defaults: new Map(), vary: (given) => given };
  }
  if (first && !varied.type) refuse(`${varied.name} takes no object of options, so that nothing can be set`);
  const { type, call, ...taker } = varied;
  const types = createValueTypes(project.getTypeChecker().compilerObject);
  return {
    ...taker,
    call: typeof call === "object" ? call : undefined,
    vary: (given, defaultOf) => {
      const options =
        first && type ? applySettings(given, settings, { ...taker, type, defaultOf }, types, amended) : given;
      if (!isExport || taker.isOptional) return options;
      const misfit = type
        ? types.misfit(type, options ?? {})
        : { at: "", message: "takes what is no object of options" };
      if (!misfit) return options ?? {};
      const message = `${path}: ${taker.name}${misfit.at} ${misfit.message}`;
      throw new CompileError([{ code: "set-missing", message, fix: "give it by --set, or a default in the spec" }]);
    },
  };
};

/** More characters of an option's value are not told. */
const mostOfValue = 2000;

/** What JSON has no form of. */
const inJson = (_: string, part: unknown): unknown => {
  if (typeof part === "function") return `${part.name || "function"}()`;
  return typeof part === "bigint" ? String(part) : part;
};

const printOption = (name: string, value: unknown): string => {
  const told = inJson(name, value);
  const printed = typeof told === "string" ? told : (JSON.stringify(told, inJson) ?? String(told));
  return `${name}=${printed.length > mostOfValue ? `${printed.slice(0, mostOfValue)}...` : printed}`;
};

const hasKind = (value: unknown, kind: string): boolean =>
  typeof value === "object" && value !== null && (value as Partial<Model>).kind === kind;
const isModel = (value: unknown): value is Model => hasKind(value, "model");
const isVariants = (value: unknown): value is Variants => hasKind(value, "variants");

/** @throws CompileError where they are none, or a setting is about what they differ in */
const readVariants = (
  path: string,
  variants: Variants,
  make: (options: object) => unknown,
  optionsOf: (model: Model) => ReadSpec["options"],
  locate: Locate,
  settings: readonly Setting[],
): readonly ReadVariant[] => {
  const problems: Diagnostic[] = [];
  const report: Report = {
    add: (code, message, object, property, fix) =>
      problems.push({ code, message, span: locate(object, property), ...(fix === undefined ? {} : { fix }) }),
  };
  const seedsOf = readSeeds(variants, report);
  const expanded = expandVariants(variants, report);
  for (const setting of settings) {
    const [name = ""] = setting.path;
    if (!expanded.some(({ options }) => Object.hasOwn(options, name))) continue;
    const message = `${name} is what the variants give, each its own`;
    const span = spanOfSetting(setting, 0, setting.text.length);
    problems.push({ code: "set-varied", message, span, fix: "leave it out, or set it in the spec" });
  }
  if (problems.length > 0) throw new CompileError(problems);
  return eachVariant(expanded, ({ name, options }) => {
    const model = make(options);
    if (isModel(model)) {
      return { name, model, locate, options: optionsOf(model), seeds: seedsOf(model.seed ?? 0) };
    }
    const message = `${path}: what makes the variants gives no model`;
    throw new CompileError([{ code: "spec-exports-no-model", message, span: locate(variants, "make") }]);
  });
};

/**
 * @param path a `.ts` file whose default export is a `model(...)`, a function that gives one, or `variants(...)`
 * @param settings for the options of the call that makes the default export, or of the function that makes its models
 * @param onRead is told of each file of the spec, missing ones among them
 * @throws CompileError when it is missing, does not type-check, throws, or exports something else, and for each setting that does not fit
 */
export const readModels = (
  path: string,
  settings: readonly Setting[] = [],
  onRead: (path: string) => void = () => undefined,
): ReadModels => {
  const file = resolve(path);
  onRead(file);
  if (!existsSync(file)) throw new CompileError([{ code: "spec-missing", message: `there is no spec ${path}` }]);
  if (!file.endsWith(".ts")) {
    throw new CompileError([{ code: "spec-not-typescript", message: `a spec is a .ts file, ${path} is not` }]);
  }
  const project = openProject(file);
  for (const read of filesOf(project)) onRead(read);
  const typeErrors = findTypeErrors(project);
  if (typeErrors.length > 0) throw new CompileError(typeErrors);

  const findSpecFile = (specifier: string, importer: string): string | undefined => {
    const options = project.compilerOptions.get();
    const fileName = ts.resolveModuleName(specifier, importer, options, ts.sys).resolvedModule?.resolvedFileName;
    const isSpecFile =
      fileName !== undefined &&
      !isOfVocabulary(fileName) &&
      !fileName.endsWith(".d.ts") &&
      Boolean(project.getSourceFile(fileName));
    return isSpecFile ? fileName : undefined;
  };
  const varied = findVariedCall(project, project.getSourceFileOrThrow(file));
  const amended = createAmendedObjects();
  const variation = createVariation(path, project, varied, settings, amended);
  const isVaried = ({ file, start, end }: ObjectPlace): boolean => {
    const call = varied?.call;
    return typeof call === "object" && call.file === file && call.start === start && call.end === end;
  };
  const { exported, places, make, optionsOf } = evaluateSpec(file, findSpecFile, variation);
  const locate = createLocate(project, places, amended, isVaried, settings);
  const printedOptions = (model: Model): ReadSpec["options"] => {
    const options = varied && varied.defaults.size > 0 ? optionsOf(model) : undefined;
    return options && Object.entries(options).map(([name, value]) => printOption(name, value));
  };
  if (isVariants(exported)) {
    const makeModel = (options: object): unknown => make(exported.make, options);
    return { variants: readVariants(path, exported, makeModel, printedOptions, locate, settings) };
  }
  const isFunction = varied?.call === "export";
  const model = isFunction ? make(exported) : exported;
  if (isModel(model)) return { model, locate, options: printedOptions(model) };
  const message = isFunction ? "the spec's function gives no model" : "the spec's default export is not a model";
  throw new CompileError([
    { code: "spec-exports-no-model", message: `${path}: ${message}`, fix: "export default model({ ... })" },
  ]);
};

/**
 * @param variant which of the models, where the file exports variants
 * @throws CompileError as `readModels` does, and where the file exports variants and none of them is named
 */
export const readSpec = (
  path: string,
  settings: readonly Setting[] = [],
  variant?: string,
  onRead?: (path: string) => void,
): ReadSpec => {
  const read = readModels(path, settings, onRead);
  const refuse = (code: DiagnosticCode, message: string, fix?: string): never => {
    throw new CompileError([{ code, message: `${path} ${message}`, fix }]);
  };
  if ("model" in read) {
    return variant === undefined ? read : refuse("variant-unknown", "exports one model, and no variants");
  }
  const names = read.variants.map(({ name }) => name);
  if (variant === undefined) {
    const fix = `compile one with --variant ${names[0]}, or all with --variants DIR; \`${programName} sweep\` trains and compares them`;
    return refuse("variant-not-named", `has ${names.length} variants: ${names.join(", ")}`, fix);
  }
  const message = `has no variant ${quoted(variant)}; it has ${names.join(", ")}`;
  return read.variants.find(({ name }) => name === variant) ?? refuse("variant-unknown", message);
};
