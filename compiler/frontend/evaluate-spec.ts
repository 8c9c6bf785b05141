/** Runs a spec's modules in this process, recording which call made each object. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { relative } from "node:path";
import { runInThisContext } from "node:vm";
import { ts } from "ts-morph";
import * as vocabulary from "../../spec/dsl/index.ts";
import { CompileError } from "../diagnostics/diagnostic.ts";

/** A call's place in the original source, in characters. */
export interface CallPlace {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

const recorder = "__specgraphRecord";

/** Rewrites each call `f(x)` as `record(start, end, f(x))`. */
const recordCalls: ts.TransformerFactory<ts.SourceFile> = (context) => (file) => {
  const { factory } = context;
  const visit = (node: ts.Node): ts.Node => {
    const visited = ts.visitEachChild(node, visit, context);
    if (!ts.isCallExpression(visited)) return visited;
    const { kind } = visited.expression;
    if (kind === ts.SyntaxKind.SuperKeyword || kind === ts.SyntaxKind.ImportKeyword) return visited;
    const place = [node.getStart(file), node.getEnd()].map((position) => factory.createNumericLiteral(position));
    return factory.createCallExpression(factory.createIdentifier(recorder), undefined, [...place, visited]);
  };
  return ts.visitEachChild(file, visit, context);
};

const compilerOptions: ts.CompilerOptions = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  esModuleInterop: true,
  inlineSourceMap: true,
};

type Exports = Record<string, unknown>;
type ModuleBody = (exports: Exports, require: (specifier: string) => unknown, record: unknown) => void;

/**
 * @param entry absolute path of the spec
 * @param isSpecFile whether a module's path is to be run here; everything else is Node's to load
 * @returns the spec's exports, and the innermost call that returned each object
 * @throws CompileError when the spec itself throws
 */
export const evaluateSpec = (
  entry: string,
  isSpecFile: (fileName: string) => boolean,
): { readonly exports: Exports; readonly places: WeakMap<object, CallPlace> } => {
  const places = new WeakMap<object, CallPlace>();
  const loaded = new Map<string, Exports>();

  const load = (file: string): Exports => {
    const known = loaded.get(file);
    if (known) return known;
    const exports: Exports = {};
    loaded.set(file, exports);

    const record = (start: number, end: number, result: unknown): unknown => {
      const isObject = typeof result === "object" && result !== null;
      if (isObject && !places.has(result)) places.set(result, { file, start, end });
      return result;
    };
    const nodeRequire = createRequire(file);
    const requireModule = (specifier: string): unknown => {
      if (specifier === "specgraph") return vocabulary;
      const { resolvedModule } = ts.resolveModuleName(
        specifier,
        file,
        {
          moduleResolution: ts.ModuleResolutionKind.Bundler,
          module: ts.ModuleKind.ESNext,
          allowImportingTsExtensions: true,
        },
        ts.sys,
      );
      const fileName = resolvedModule?.resolvedFileName;
      return fileName && isSpecFile(fileName) ? load(fileName) : nodeRequire(specifier);
    };
    const { outputText } = ts.transpileModule(readFileSync(file, "utf8"), {
      fileName: file,
      compilerOptions,
      transformers: { before: [recordCalls] },
    });
    const body = runInThisContext(`(exports, require, ${recorder}) => {${outputText}\n}`, {
      filename: file,
    }) as ModuleBody;
    body(exports, requireModule, record);
    return exports;
  };

  try {
    return { exports: load(entry), places };
  } catch (error) {
    if (error instanceof CompileError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CompileError([{ code: "spec-throws", message: `${relative(process.cwd(), entry)} throws: ${reason}` }]);
  }
};
