/** Runs a spec's modules in this process, recording which call or literal made each object. */
import { readFileSync } from "node:fs";
import { createRequire, SourceMap, type SourceMapPayload } from "node:module";
import { relative } from "node:path";
import { runInThisContext } from "node:vm";
import { ts } from "ts-morph";
import * as vocabulary from "../../spec/dsl/index.ts";
import { CompileError, type SourceSpan } from "../diagnostics/diagnostic.ts";

/** The place in the original source of what made an object, in characters. */
export interface ObjectPlace {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

const recorder = "__specgraphRecord";

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

/** Rewrites each call `f(x)` as `record(start, end, f(x))`, and each object literal likewise. */
const recordObjects: ts.TransformerFactory<ts.SourceFile> = (context) => (file) => {
  const { factory } = context;
  const visit = (node: ts.Node): ts.Node => {
    if (isAssignmentPattern(node)) return node;
    const visited = ts.visitEachChild(node, visit, context);
    if (!makesObject(visited)) return visited;
    const place = [node.getStart(file), node.getEnd()].map((position) => factory.createNumericLiteral(position));
    return factory.createCallExpression(factory.createIdentifier(recorder), undefined, [...place, visited]);
  };
  return ts.visitEachChild(file, visit, context);
};

const compilerOptions: ts.CompilerOptions = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  esModuleInterop: true,
  sourceMap: true,
};

type Exports = Record<string, unknown>;
type ModuleBody = (exports: Exports, require: (specifier: string) => unknown, record: unknown) => void;

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
 * @returns the spec's exports, and for each object the literal and the calls that it came out of, innermost first
 * @throws CompileError when the spec itself throws
 */
export const evaluateSpec = (
  entry: string,
  findSpecFile: (specifier: string, importer: string) => string | undefined,
): { readonly exports: Exports; readonly places: WeakMap<object, readonly ObjectPlace[]> } => {
  const places = new WeakMap<object, ObjectPlace[]>();
  const loaded = new Map<string, Exports>();
  const maps = new Map<string, SourceMap>();

  const load = (file: string): Exports => {
    const known = loaded.get(file);
    if (known) return known;
    const exports: Exports = {};
    loaded.set(file, exports);

    const record = (start: number, end: number, result: unknown): unknown => {
      if (typeof result !== "object" || result === null) return result;
      const place = { file, start, end };
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
      transformers: { before: [recordObjects] },
    });
    maps.set(file, new SourceMap(JSON.parse(sourceMapText) as SourceMapPayload));
    const body = runInThisContext(`(exports, require, ${recorder}) => {\n${outputText}\n}`, {
      filename: file,
      lineOffset: -1,
    }) as ModuleBody;
    body(exports, requireModule, record);
    return exports;
  };

  try {
    return { exports: load(entry), places };
  } catch (error) {
    if (error instanceof CompileError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `the spec throws: ${reason}`;
    throw new CompileError([{ code: "spec-throws", message, span: findThrow(error, maps) }]);
  }
};
