/** Reads a spec: type-checks its source, runs it, and remembers where each of its objects was written. */
import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type CallExpression, type Diagnostic as TsDiagnostic, Node, Project, ts } from "ts-morph";
import type { Model } from "../../spec/dsl/model.ts";
import { CompileError, type Diagnostic, type SourceSpan } from "../diagnostics/diagnostic.ts";
import { evaluateSpec, type ObjectPlace } from "./evaluate-spec.ts";
import type { Locate } from "../ir/normalized-spec.ts";

export interface ReadSpec {
  readonly model: Model;
  readonly locate: Locate;
}

/** The vocabulary's declarations: `.ts` in the sources, `.d.ts` in the built package. */
const vocabulary = fileURLToPath(new URL("../../spec/dsl/index", import.meta.url));

/** The source itself, in the built package too (whose code is in `dist/`), so that what is wrong in a use of it is told by its line. */
const astSource = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../spec/ast.ts" : "../../../spec/ast.ts", import.meta.url),
);

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
  project.resolveSourceFileDependencies();
  return project;
};

const spanAt = (file: ts.SourceFile, start: number, end: number): SourceSpan => {
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  const text = file.text.split(/\r?\n/)[line] ?? "";
  return {
    file: relative(process.cwd(), file.fileName),
    line: line + 1,
    column: character + 1,
    length: Math.max(1, Math.min(end - start, text.length - character)),
    text,
  };
};

const spanOf = (node: Node): SourceSpan => spanAt(node.getSourceFile().compilerNode, node.getStart(), node.getEnd());

const typeError = ({ compilerObject }: TsDiagnostic): Diagnostic => {
  const { file, start = 0, length = 1, messageText, code } = compilerObject;
  return {
    code: `TS${code}`,
    message: ts.flattenDiagnosticMessageText(messageText, "\n  "),
    span: file && spanAt(file, start, start + length),
  };
};

/** Where a literal gives a property; not if a spread behind it may have replaced the value. */
const findMember = (literal: Node, property: string): Node | undefined => {
  if (!Node.isObjectLiteralExpression(literal)) return undefined;
  const member = literal.getProperty(
    (member) => !Node.isSpreadAssignment(member) && member.getName().replace(/^(["'])(.*)\1$/, "$2") === property,
  );
  if (!member || member.getNextSiblings().some((sibling) => Node.isSpreadAssignment(sibling))) return undefined;
  return Node.isPropertyAssignment(member) ? member.getInitializer() : member;
};

/** Where a call gives a property: in an object literal, or as the argument of the parameter of that name. */
const findArgument = (call: CallExpression, property: string): Node | undefined => {
  for (const argument of call.getArguments()) {
    const member = findMember(argument, property);
    if (member) return member;
  }
  const declaration = call.getProject().getTypeChecker().getResolvedSignature(call)?.getDeclaration();
  if (!declaration || !Node.isParametered(declaration)) return undefined;
  return call.getArguments()[declaration.getParameters().findIndex((parameter) => parameter.getName() === property)];
};

const createLocate =
  (project: Project, places: WeakMap<object, readonly ObjectPlace[]>): Locate =>
  (object, property) => {
    const makers = (places.get(object) ?? []).flatMap(
      ({ file, start, end }) =>
        project.getSourceFileOrThrow(file).getDescendantAtStartWithWidth(start, end - start) ?? [],
    );
    const [innermost] = makers;
    if (!innermost) return undefined;
    if (property === undefined) return spanOf(innermost);
    for (const maker of makers) {
      const found = Node.isCallExpression(maker) ? findArgument(maker, property) : findMember(maker, property);
      if (found) return spanOf(found);
    }
    return spanOf(innermost);
  };

const isModel = (value: unknown): value is Model =>
  typeof value === "object" && value !== null && (value as Partial<Model>).kind === "model";

/**
 * @param path a `.ts` file whose default export is a `model(...)`
 * @throws CompileError when it is missing, does not type-check, throws, or exports something else
 */
export const readSpec = (path: string): ReadSpec => {
  const file = resolve(path);
  if (!existsSync(file)) throw new CompileError([{ code: "spec-missing", message: `there is no spec ${path}` }]);
  if (!file.endsWith(".ts")) {
    throw new CompileError([{ code: "spec-not-typescript", message: `a spec is a .ts file, ${path} is not` }]);
  }
  const project = openProject(file);
  const typeErrors = project.getPreEmitDiagnostics().map(typeError);
  if (typeErrors.length > 0) throw new CompileError(typeErrors);

  const findSpecFile = (specifier: string, importer: string): string | undefined => {
    const options = project.compilerOptions.get();
    const fileName = ts.resolveModuleName(specifier, importer, options, ts.sys).resolvedModule?.resolvedFileName;
    const isSpecFile =
      fileName !== undefined &&
      !fileName.startsWith(`${dirname(vocabulary)}/`) &&
      !fileName.endsWith(".d.ts") &&
      Boolean(project.getSourceFile(fileName));
    return isSpecFile ? fileName : undefined;
  };
  const { exports, places } = evaluateSpec(file, findSpecFile);
  if (!isModel(exports["default"])) {
    const message = "the spec's default export is not a model";
    throw new CompileError([
      { code: "spec-exports-no-model", message: `${path}: ${message}`, fix: "export default model({ ... })" },
    ]);
  }
  return { model: exports["default"], locate: createLocate(project, places) };
};
