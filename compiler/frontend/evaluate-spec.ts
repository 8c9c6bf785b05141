/** Runs a spec's modules in this process, recording which call or literal made each object. */
import { readFileSync } from "node:fs";
import { createRequire, SourceMap, type SourceMapPayload } from "node:module";
import { relative } from "node:path";
import { runInThisContext } from "node:vm";
import { ts } from "ts-morph";
import * as vocabulary from "../../spec/dsl/index.ts";
import { CompileError, type SourceSpan } from "../diagnostics/diagnostic.ts";

/** A place in the original source, in characters. */
export interface SourcePlace {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** The calls that were under way at some moment, innermost first. */
export interface CallStack {
  readonly call: SourcePlace;
  readonly below: CallStack | undefined;
}

/** Where an object was made, and within which calls. */
export interface ObjectPlace extends SourcePlace {
  readonly within?: CallStack | undefined;
}

/** For each object the literal and the calls that it came out of, innermost first. */
export type Places = WeakMap<object, readonly ObjectPlace[]>;

/** What is given to the call that makes the default export, or to what of it is called. */
export interface Variation {
  /** The call; undefined: it is not in the spec, but `EvaluatedSpec.make`. */
  readonly call: ObjectPlace | undefined;
  /** Where what the options are by default is written. */
  readonly defaults: ReadonlyMap<string, ObjectPlace>;
  /** The options that are given instead. `defaultOf` tells what an option is that is not given; undefined: not known. */
  readonly vary: (given: unknown, defaultOf: (option: string) => unknown) => unknown;
}

const recorder = "__specgraphRecord";
const enterer = "__specgraphEnter";
const varier = "__specgraphVary";

const isAt = (place: SourcePlace | undefined, file: ts.SourceFile, node: ts.Node): boolean =>
  place?.file === file.fileName && place.start === node.getStart(file) && place.end === node.getEnd();

/** Whether a node is an object literal, or a call whose result can be passed on without changing what the code means. */
const makesObject = (node: ts.Node): node is ts.Expression => {
  if (ts.isObjectLiteralExpression(node)) return true;
  // The end of `a?.b().c` is skipped with its start; `super()` and `import()` are no functions.
  if (!ts.isCallExpression(node) || ts.isOptionalChain(node)) return false;
  const { kind } = node.expression;
  return kind !== ts.SyntaxKind.SuperKeyword && kind !== ts.SyntaxKind.ImportKeyword;
};

/** `{ a } = b` and `for ({ a } of b)`: the braces are a pattern, not an object. */
const isAssignmentPattern = (node: ts.Node): boolean => {
  const { parent } = node;
  if (ts.isBinaryExpression(parent)) {
    return parent.left === node && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken;
  }
  return (ts.isForOfStatement(parent) || ts.isForInStatement(parent)) && parent.initializer === node;
};

/**
 * Rewrites each call `f(x)` as `record(start, end, enter(start, end), f(x))`, each object literal and default of an option likewise, but
 * with `enter()`, as nothing is called; and the call that is varied as `record(start, end, enter(start, end), vary((options) => f(options), x))`.
 */
const recordObjects =
  ({ call, defaults }: Variation): ts.TransformerFactory<ts.SourceFile> =>
  (context) =>
  (file) => {
    const { factory } = context;
    const varyCall = (call: ts.CallExpression): ts.Expression => {
      const options = factory.createUniqueName("options");
      const made = factory.updateCallExpression(call, call.expression, call.typeArguments, [options]);
      const parameter = factory.createParameterDeclaration(undefined, undefined, options);
      const make = factory.createArrowFunction(undefined, undefined, [parameter], undefined, undefined, made);
      return factory.createCallExpression(factory.createIdentifier(varier), undefined, [make, ...call.arguments]);
    };
    const isDefault = (node: ts.Node): boolean => [...defaults.values()].some((place) => isAt(place, file, node));
    const visit = (node: ts.Node): ts.Node => {
      if (isAssignmentPattern(node)) return node;
      const visited = ts.visitEachChild(node, visit, context);
      if (!makesObject(visited) && !(isDefault(node) && ts.isExpression(visited))) return visited;
      const isVaried = isAt(call, file, node);
      const made = isVaried && ts.isCallExpression(visited) ? varyCall(visited) : visited;
      const place = [node.getStart(file), node.getEnd()].map((position) => factory.createNumericLiteral(position));
      const entered = ts.isCallExpression(node) ? place : [];
      const enter = factory.createCallExpression(factory.createIdentifier(enterer), undefined, entered);
      return factory.createCallExpression(factory.createIdentifier(recorder), undefined, [...place, enter, made]);
    };
    return ts.visitEachChild(file, visit, context);
  };

const placeKey = ({ file, start, end }: SourcePlace): string => `${file}:${start}:${end}`;

const compilerOptions: ts.CompilerOptions = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  esModuleInterop: true,
  sourceMap: true,
};

type Exports = Record<string, unknown>;
type Make = (options: unknown) => unknown;
type ModuleBody = (
  exports: Exports,
  require: (specifier: string) => unknown,
  record: unknown,
  enter: unknown,
  vary: unknown,
) => void;

export interface EvaluatedSpec {
  /** Its default export. */
  readonly exported: unknown;
  /** Where each object was made. */
  readonly places: Places;
  /** Calls one of its functions with options, varied. @throws CompileError when it throws */
  readonly make: (make: unknown, options?: unknown) => unknown;
  /** What the varied call that made something was given, and what its other options are by default. */
  readonly optionsOf: (made: object) => Readonly<Record<string, unknown>> | undefined;
}

/** The innermost place in a spec's source that an error's stack passes through. */
const findThrow = (error: unknown, maps: ReadonlyMap<string, SourceMap>): SourceSpan | undefined => {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const frame of stack.split("\n")) {
    const [, path = "", line, column] = /^\s+at (?:.*\()?(.+):(\d+):(\d+)\)?$/.exec(frame) ?? [];
    const entry = maps.get(path)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!entry || !("originalLine" in entry)) continue;
    const { originalLine, originalColumn } = entry;
    const text = readFileSync(path, "utf8").split(/\r?\n/)[originalLine] ?? "";
    return { file: relative(process.cwd(), path), line: originalLine + 1, column: originalColumn + 1, length: 1, text };
  }
  return undefined;
};

/**
 * @param entry absolute path of the spec
 * @param findSpecFile the path of a module that is to be run here; everything else is Node's to load
 * @throws CompileError when the spec itself throws
 */
export const evaluateSpec = (
  entry: string,
  findSpecFile: (specifier: string, importer: string) => string | undefined,
  variation: Variation,
): EvaluatedSpec => {
  const places = new WeakMap<object, ObjectPlace[]>();
  const latest = new Map<string, unknown>();
  const loaded = new Map<string, Exports>();
  const maps = new Map<string, SourceMap>();
  const given = new WeakMap<object, Readonly<Record<string, unknown>>>();
  let calls: CallStack | undefined;

  /** What an option is by default is learnt from a call that does not give it. */
  const vary = (make: Make, original?: unknown): unknown => {
    let isMade = false;
    const defaultOf = (option: string): unknown => {
      const place = variation.defaults.get(option);
      if (!place) return undefined;
      if (!isMade) make(original);
      isMade = true;
      return latest.get(placeKey(place));
    };
    const options = variation.vary(original, defaultOf);
    const made = make(options);
    if (typeof made === "object" && made !== null) {
      const written = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
      const defaults = [...variation.defaults].map(([name, place]) => [name, latest.get(placeKey(place))] as const);
      given.set(made, { ...Object.fromEntries(defaults), ...Object.fromEntries(written) });
    }
    return made;
  };

  const load = (file: string): Exports => {
    const known = loaded.get(file);
    if (known) return known;
    const exports: Exports = {};
    loaded.set(file, exports);

    /** @returns the calls around this one, to which `record` goes back, whatever has been thrown in between */
    const enter = (start?: number, end?: number): CallStack | undefined => {
      const around = calls;
      if (start !== undefined && end !== undefined) calls = { call: { file, start, end }, below: around };
      return around;
    };
    const record = (start: number, end: number, around: CallStack | undefined, result: unknown): unknown => {
      calls = around;
      latest.set(placeKey({ file, start, end }), result);
      if (typeof result !== "object" || result === null) return result;
      const place = { file, start, end, within: around };
      const known = places.get(result);
      if (known) known.push(place);
      else places.set(result, [place]);
      return result;
    };
    const nodeRequire = createRequire(file);
    const requireModule = (specifier: string): unknown => {
      if (specifier === "specgraph") return vocabulary;
      const fileName = findSpecFile(specifier, file);
      return fileName === undefined ? nodeRequire(specifier) : load(fileName);
    };
    const { outputText, sourceMapText = "{}" } = ts.transpileModule(readFileSync(file, "utf8"), {
      fileName: file,
      compilerOptions,
      transformers: { before: [recordObjects(variation)] },
    });
    maps.set(file, new SourceMap(JSON.parse(sourceMapText) as SourceMapPayload));
    const body = runInThisContext(`(exports, require, ${recorder}, ${enterer}, ${varier}) => {\n${outputText}\n}`, {
      filename: file,
      lineOffset: -1,
    }) as ModuleBody;
    body(exports, requireModule, record, enter, vary);
    return exports;
  };

  const orCompileError = <Result>(act: () => Result): Result => {
    try {
      return act();
    } catch (error) {
      if (error instanceof CompileError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      const message = `the spec throws: ${reason}`;
      throw new CompileError([{ code: "spec-throws", message, span: findThrow(error, maps) }]);
    }
  };

  const { default: exported } = orCompileError(() => load(entry));
  return {
    exported,
    places,
    make: (make, options) => orCompileError(() => vary(make as Make, options)),
    optionsOf: (made) => given.get(made),
  };
};
