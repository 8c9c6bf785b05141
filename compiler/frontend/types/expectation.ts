/** What is expected of an expression, and by what. */
import { ts } from "ts-morph";
import { shortText } from "./type-words.ts";

export interface Expectation {
  readonly node: ts.Expression;
  readonly type: ts.Type;
  /** As messages call what takes it: `window`, `layerNorm`, `repeat's block`. */
  readonly by: string;
}

/** The call that an expression is an argument of. */
export const callAround = (node: ts.Node): ts.CallExpression | undefined => {
  const { parent } = node;
  return ts.isCallExpression(parent) && parent.arguments.some((argument) => argument === node) ? parent : undefined;
};

export const calleeText = (call: ts.CallExpression): string => shortText(call.expression) ?? "this function";

const argumentTaker = (checker: ts.TypeChecker, call: ts.CallExpression, node: ts.Node): string => {
  const parameters = checker.getResolvedSignature(call)?.getParameters() ?? [];
  const index = call.arguments.findIndex((argument) => argument === node);
  const parameter = parameters[Math.min(index, parameters.length - 1)];
  if (parameters.length < 2 || !parameter) return calleeText(call);
  const callee = calleeText(call);
  return `${callee}${callee.endsWith("s") ? "'" : "'s"} ${parameter.name}`;
};

const takerOf = (checker: ts.TypeChecker, node: ts.Node): string | undefined => {
  const { parent } = node;
  if (ts.isPropertyAssignment(parent) || ts.isShorthandPropertyAssignment(parent)) return parent.name.getText();
  if (ts.isVariableDeclaration(parent) || ts.isBindingElement(parent) || ts.isParameter(parent)) {
    return ts.isIdentifier(parent.name) ? parent.name.text : undefined;
  }
  if (ts.isReturnStatement(parent) || ts.isArrowFunction(parent)) return "the function's result";
  if (ts.isExportAssignment(parent)) return "the default export";
  const call = callAround(node);
  if (call) return argumentTaker(checker, call, node);
  const isInside =
    ts.isArrayLiteralExpression(parent) ||
    ts.isParenthesizedExpression(parent) ||
    ts.isConditionalExpression(parent) ||
    ts.isSpreadElement(parent);
  return isInside ? takerOf(checker, parent) : undefined;
};

/** What TypeScript means by what it marks: of an option or a constant its value; of what a `kind` does not fit all of it. */
const valueOf = (marked: ts.Node): ts.Expression | undefined => {
  const { parent } = marked;
  if (ts.isPropertyAssignment(parent) && parent.name === marked) {
    return parent.name.getText() === "kind" ? parent.parent : parent.initializer;
  }
  if (ts.isVariableDeclaration(parent) && parent.name === marked) return parent.initializer;
  if (ts.isReturnStatement(marked)) return marked.expression;
  return ts.isExpression(marked) ? marked : undefined;
};

/** @returns undefined where nothing known is expected */
export const expectationAt = (checker: ts.TypeChecker, marked: ts.Node): Expectation | undefined => {
  const node = valueOf(marked);
  const by = node && takerOf(checker, node);
  if (!node || by === undefined) return undefined;
  const { parent } = node;
  if (ts.isShorthandPropertyAssignment(parent)) {
    const options = checker.getContextualType(parent.parent);
    const option = options && checker.getNonNullableType(options).getProperty(parent.name.text);
    return option && { node, type: checker.getTypeOfSymbol(option), by };
  }
  const type = checker.getContextualType(node);
  return type && { node, type, by };
};
