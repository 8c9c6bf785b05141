/** What a spec names and is not there: names, parts, options, modules and what they export. */
import { readdirSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, dirname, join } from "node:path";
import { compileCommand } from "../../artifact/files/program-name.ts";
import { ts } from "ts-morph";
import { nearestNames } from "../../artifact/nearest-names.ts";
import { expectationAt } from "./expectation.ts";
import type { Explained } from "./explained.ts";
import { shortText } from "./type-words.ts";
import { formsOf, joinAnd } from "./value-types.ts";
import { isObjectType, type Vocabulary } from "./vocabulary.ts";

/** Beyond so many a message does not list them. */
const mostListed = 16;

/** What specs are tempted to ask of the program that runs them, and what they do instead. */
const hostNames: Readonly<Record<string, string>> = {
  process: "what varies is an option of the spec, set by --set: export default (options) => ...",
  console: `print what the spec becomes: ${compileCommand} SPEC --print inference`,
  require: 'import ... from "./file.ts"',
};
const otherHostNames: ReadonlySet<string> = new Set(
  "Buffer __dirname __filename module exports global setTimeout setInterval fetch URL document window navigator Deno Bun".split(
    " ",
  ),
);

const didYouMean = (near: string | undefined): string | undefined => near && `did you mean ${near}?`;

const listed = (names: readonly string[]): string =>
  names.length > 0 && names.length <= mostListed ? `; it has ${joinAnd(names)}` : "";

/** A name that nothing is known by. */
export const explainUnknownName = (
  checker: ts.TypeChecker,
  { names }: Vocabulary,
  node: ts.Node,
): Explained | undefined => {
  if (!ts.isIdentifier(node)) return undefined;
  const name = node.text;
  const code = "unknown-name";
  if (name in hostNames || otherHostNames.has(name)) {
    const message = `a spec has only the language and what it imports, and no ${name}`;
    return { code, message, fix: hostNames[name] };
  }
  if (names.includes(name)) {
    return { code, message: `${name} is not imported`, fix: `import { ${name} } from "specgraph";` };
  }
  const inScope = checker
    .getSymbolsInScope(node, ts.SymbolFlags.Value | ts.SymbolFlags.Alias)
    .filter(({ declarations = [] }) => declarations.some((each) => !each.getSourceFile().hasNoDefaultLib))
    .map((symbol) => symbol.name);
  const [near] = nearestNames(name, [...inScope, ...names]);
  return { code, message: `there is no ${name} here`, fix: didYouMean(near) };
};

/** A part that a value has not. */
export const explainUnknownPart = (checker: ts.TypeChecker, node: ts.Node): Explained | undefined => {
  const { parent } = node;
  if (!ts.isPropertyAccessExpression(parent) || parent.name !== node) return undefined;
  const whole = shortText(parent.expression) ?? "this";
  const names = checker
    .getTypeAtLocation(parent.expression)
    .getProperties()
    .map(({ name }) => name);
  const [near] = nearestNames(parent.name.text, names);
  return {
    code: "unknown-part",
    message: `${whole} has no ${parent.name.text}${listed(names)}`,
    fix: didYouMean(near),
  };
};

/** An option that is not taken. */
export const explainUnknownOption = (checker: ts.TypeChecker, node: ts.Node): Explained | undefined => {
  const { parent } = node;
  const literal = ts.isObjectLiteralElementLike(parent) ? parent.parent : undefined;
  if (!literal || !ts.isObjectLiteralExpression(literal)) return undefined;
  const expectation = expectationAt(checker, literal);
  if (!expectation) return undefined;
  const forms = formsOf(expectation.type).filter((form) => isObjectType(checker, form));
  const parts = forms.flatMap((form) => form.getProperties().map((part) => part.name));
  const names = [...new Set(parts)].filter((part) => part !== "kind");
  const name = node.getText();
  const [near] = nearestNames(name, names);
  const message = `${expectation.by} takes no ${name}; it takes ${joinAnd(names)}`;
  return { code: "unknown-option", message, fix: didYouMean(near) };
};

const neighbours = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

/** A module that is not there. */
export const explainUnknownModule = (node: ts.Node): Explained | undefined => {
  if (!ts.isStringLiteralLike(node)) return undefined;
  const code = "unknown-module";
  const { text } = node;
  if (text.startsWith(".")) {
    const path = join(dirname(node.getSourceFile().fileName), text);
    const folder = dirname(path);
    const [near] = nearestNames(
      basename(path),
      neighbours(folder).filter((name) => name.endsWith(".ts")),
    );
    const fix = near && `did you mean "${text.slice(0, text.length - basename(text).length)}${near}"?`;
    return { code, message: `there is no file ${text}`, fix };
  }
  if (text === "specgraph" || text.startsWith("specgraph/")) {
    return { code, message: `a spec imports "specgraph" and "specgraph/ast", and there is no "${text}"` };
  }
  if (isBuiltin(text)) {
    const message = `a spec reads no files and asks nothing of Node.js, and so has no "${text}"`;
    return { code, message, fix: 'names of classes are read by classesFile("labels.csv")' };
  }
  return { code, message: `the package "${text}" is not installed here, or has no types`, fix: `npm install ${text}` };
};

/** An export that a module has not. */
export const explainUnknownExport = (checker: ts.TypeChecker, node: ts.Node): Explained | undefined => {
  const declaration = ts.findAncestor(node, ts.isImportDeclaration);
  const specifier = declaration?.moduleSpecifier;
  if (!specifier || !ts.isStringLiteralLike(specifier) || !ts.isIdentifier(node)) return undefined;
  const code = "unknown-export";
  const symbol = checker.getSymbolAtLocation(specifier);
  const exported = symbol ? checker.getExportsOfModule(symbol) : [];
  const values = exported.filter((each) => (each.flags & ts.SymbolFlags.Value) !== 0 && each.name !== "default");
  const names = (declaration.importClause?.isTypeOnly ? exported : values).map((each) => each.name);
  if (!ts.isImportSpecifier(node.parent)) {
    const message = `"${specifier.text}" has no default export`;
    return { code, message, fix: `import { ... } from "${specifier.text}";` };
  }
  const name = (node.parent.propertyName ?? node.parent.name).text;
  const [near] = nearestNames(name, names);
  return { code, message: `"${specifier.text}" has no ${name}${listed(names)}`, fix: didYouMean(near) };
};
