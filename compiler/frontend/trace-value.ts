/** From where a value is used back to where it was written, through parameters, constants and the parts of objects. */
import {
  type CallExpression,
  type Expression,
  Node,
  type ObjectLiteralExpression,
  ts,
  VariableDeclarationKind,
} from "ts-morph";
import type { CallStack, SourcePlace } from "./evaluate-spec.ts";

/** An expression, and the calls that were under way while it was computed. */
interface Place {
  readonly node: Node;
  readonly stack: CallStack | undefined;
}

export interface Traced {
  /** What the value was written as. */
  readonly node: Node;
  /** The arguments that passed it on, innermost first; the last may be the value itself. */
  readonly passedBy: readonly Node[];
  /** Whether it is what a parameter is by default. */
  readonly isDefault: boolean;
}

/** The name of an object's member, without the quotes that it may be written with. */
export const memberName = (member: { readonly getName: () => string }): string =>
  member.getName().replace(/^(["'])(.*)\1$/, "$2");

/** Beyond so many steps nobody follows. */
const mostSteps = 64;

const plain = (node: Node): Node =>
  Node.isParenthesizedExpression(node) ||
  Node.isAsExpression(node) ||
  Node.isSatisfiesExpression(node) ||
  Node.isNonNullExpression(node)
    ? plain(node.getExpression())
    : node;

const functionAround = (node: Node): Node | undefined => node.getFirstAncestor((each) => Node.isParametered(each));

/** Finds the call at a place. */
type NodeAt = (place: SourcePlace) => Node | undefined;

interface FunctionCall {
  readonly call: CallExpression;
  readonly below: CallStack | undefined;
}

/** The innermost call of a function that is under way. */
const findCall = (made: Node, stack: CallStack | undefined, nodeAt: NodeAt): FunctionCall | undefined => {
  for (let frame = stack; frame; frame = frame.below) {
    const call = nodeAt(frame.call);
    if (!Node.isCallExpression(call)) continue;
    const called = call.getProject().getTypeChecker().getResolvedSignature(call)?.getDeclaration();
    if (called?.compilerNode === made.compilerNode) return { call, below: frame.below };
  }
  return undefined;
};

/** What a name stands for: a parameter, a constant, or a part of either that was taken out of it. */
const declarationOf = (node: Node): Node | undefined => {
  const symbol = Node.isShorthandPropertyAssignment(node) ? node.getValueSymbol() : node.getSymbol();
  return (symbol?.getAliasedSymbol() ?? symbol)?.getValueDeclaration();
};

/** The call of the function whose parameters an expression is computed from. */
export const findCallAround = (
  used: Node,
  within: CallStack | undefined,
  nodeAt: NodeAt,
): CallExpression | undefined => {
  const made = functionAround(used);
  const isOfParameter = (name: Node): boolean => {
    const declaration = declarationOf(name);
    const parameter = Node.isParameterDeclaration(declaration)
      ? declaration
      : declaration?.getFirstAncestor((each) => Node.isParameterDeclaration(each));
    return parameter !== undefined && parameter.getParent() === made;
  };
  const names = [used, ...used.getDescendantsOfKind(ts.SyntaxKind.Identifier)];
  return made && names.some(isOfParameter) ? findCall(made, within, nodeAt)?.call : undefined;
};

/**
 * @param used the expression, or the option that is written as its name alone
 * @param within the calls that were under way while it was used
 * @returns undefined where it was written there
 */
export const traceValue = (used: Node, within: CallStack | undefined, nodeAt: NodeAt): Traced | undefined => {
  const passedBy: Node[] = [];
  let isDefault = false;
  let steps = 0;

  const argumentOf = (parameter: Node, stack: CallStack | undefined): Place | "left out" | undefined => {
    const made = parameter.getParent();
    if (!Node.isParametered(made) || !Node.isParameterDeclaration(parameter) || parameter.isRestParameter())
      return undefined;
    const found = findCall(made, stack, nodeAt);
    if (!found) return undefined;
    const given = found.call.getArguments();
    const index = made.getParameters().indexOf(parameter);
    if (given.slice(0, index + 1).some((argument) => Node.isSpreadElement(argument))) return undefined;
    const argument = given[index];
    return argument ? { node: argument, stack: found.below } : "left out";
  };

  /** The part of an object; "left out": it certainly has none of that name. */
  const partOf = (whole: Place, name: string): Place | "left out" | undefined => {
    const made = follow(whole);
    if (!made || !Node.isObjectLiteralExpression(made.node)) return undefined;
    return partOfLiteral(made.node, name, made.stack);
  };

  const partOfLiteral = (
    literal: ObjectLiteralExpression,
    name: string,
    stack: CallStack | undefined,
  ): Place | "left out" | undefined => {
    for (const member of literal.getProperties().toReversed()) {
      if (Node.isSpreadAssignment(member)) {
        const part = partOf({ node: member.getExpression(), stack }, name);
        if (part === "left out") continue;
        return part;
      }
      if (memberName(member) !== name) continue;
      if (Node.isPropertyAssignment(member)) return { node: member.getInitializerOrThrow(), stack };
      return Node.isShorthandPropertyAssignment(member) ? { node: member, stack } : undefined;
    }
    return "left out";
  };

  /** Goes on from what a declaration is given, by default from what it says itself. */
  const go = (
    given: Place | "left out" | undefined,
    byDefault: Expression | undefined,
    stack: CallStack | undefined,
  ): Place | undefined => {
    if (given === undefined) return undefined;
    if (given !== "left out") return follow(given) ?? given;
    if (!byDefault) return undefined;
    isDefault = true;
    return follow({ node: byDefault, stack });
  };

  const ofParameter = (parameter: Node, stack: CallStack | undefined): Place | "left out" | undefined => {
    const given = argumentOf(parameter, stack);
    if (given !== undefined && given !== "left out") passedBy.push(given.node);
    return given;
  };

  /** @returns what an expression stands for; undefined: not known */
  const follow = ({ node: written, stack }: Place): Place | undefined => {
    const node = plain(written);
    steps += 1;
    if (steps > mostSteps) return undefined;
    if (Node.isPropertyAccessExpression(node)) {
      const part = partOf({ node: node.getExpression(), stack }, node.getName());
      return part === undefined || part === "left out" ? { node, stack } : (follow(part) ?? part);
    }
    if (!Node.isIdentifier(node) && !Node.isShorthandPropertyAssignment(node)) return { node, stack };
    const declaration = declarationOf(node);
    if (Node.isParameterDeclaration(declaration)) {
      return go(ofParameter(declaration, stack), declaration.getInitializer(), stack);
    }
    if (Node.isVariableDeclaration(declaration)) {
      const value = declaration.getInitializer();
      const isOutside = functionAround(declaration) !== functionAround(node);
      const isConstant = declaration.getVariableStatement()?.getDeclarationKind() === VariableDeclarationKind.Const;
      return value && isConstant ? follow({ node: value, stack: isOutside ? undefined : stack }) : undefined;
    }
    if (!Node.isBindingElement(declaration) || declaration.getDotDotDotToken()) return undefined;
    const pattern = declaration.getParent();
    const source = pattern.getParent();
    if (!Node.isObjectBindingPattern(pattern)) return undefined;
    const name = declaration.getPropertyNameNode()?.getText() ?? declaration.getName();
    const whole = Node.isParameterDeclaration(source) ? ofParameter(source, stack) : undefined;
    const part = whole === undefined || whole === "left out" ? whole : partOf(whole, name);
    if (part !== undefined && part !== "left out" && whole !== undefined) passedBy.splice(-1, 1, part.node);
    return go(part, declaration.getInitializer(), stack);
  };

  const found = follow({ node: used, stack: within });
  if (!found || plain(found.node) === plain(used) || found.node.compilerNode.kind === ts.SyntaxKind.Identifier)
    return undefined;
  return { node: found.node, passedBy, isDefault };
};
