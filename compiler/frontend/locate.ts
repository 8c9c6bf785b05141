/** Where the spec says what an object or an option of it is. */
import { type CallExpression, Node, type Project } from "ts-morph";
import type { Origin } from "../diagnostics/diagnostic.ts";
import type { Locate } from "../ir/normalized-spec.ts";
import type { AmendedObjects } from "./apply-settings.ts";
import type { CallStack, ObjectPlace, Places, SourcePlace } from "./evaluate-spec.ts";
import { type Setting, spanOfValue } from "./settings.ts";
import { spanOf } from "./source-span.ts";
import { findCallAround, memberName, traceValue } from "./trace-value.ts";
import { printValue } from "./types/value-types.ts";

/** Where a literal gives a property; not if a spread behind it may have replaced the value. */
const findMember = (literal: Node, property: string): Node | undefined => {
  if (!Node.isObjectLiteralExpression(literal)) return undefined;
  const member = literal.getProperty((member) => !Node.isSpreadAssignment(member) && memberName(member) === property);
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

const literalValue = (node: Node): unknown => {
  if (Node.isNumericLiteral(node)) return node.getLiteralValue();
  if (Node.isStringLiteral(node) || Node.isNoSubstitutionTemplateLiteral(node)) return node.getLiteralValue();
  return Node.isTrueLiteral(node) || Node.isFalseLiteral(node) ? node.getLiteralValue() : undefined;
};

/** From where a value came to where it is marked; undefined: it was written there, or it is not known. */
const originOf = (
  used: Node,
  value: unknown,
  name: string,
  within: CallStack | undefined,
  nodeAt: (place: SourcePlace) => Node | undefined,
): Origin | undefined => {
  const placeOf = (node: Node): string => {
    const { file, line } = spanOf(node);
    return `${file}:${line}`;
  };
  const traced = traceValue(used, within, nodeAt);
  const literal = traced && literalValue(traced.node);
  if (traced && (literal === undefined || literal === value)) {
    const from = placeOf(traced.node);
    const between = [...new Set(traced.passedBy.map(placeOf))].filter((place) => place !== from);
    const by = between.length > 0 ? ` by ${between.join(", ")}` : "";
    const how = traced.isDefault ? `the default of ${from}` : `passed on${by} from ${from}`;
    return { message: `${name} is ${printValue(value)} here, ${how}`, span: spanOf(traced.node) };
  }
  const call = findCallAround(used, within, nodeAt);
  return call && { message: `${call.getExpression().getText()} is called from ${placeOf(call)}`, span: spanOf(call) };
};

export const createLocate =
  (
    project: Project,
    places: Places,
    amended: AmendedObjects,
    isVaried: (place: ObjectPlace) => boolean,
    settings: readonly Setting[],
  ): Locate =>
  (object, property) => {
    const part = amended.find(object, property);
    if (part) return part;
    const written = [...new Set([amended.originalOf(object), object])].flatMap((each) => places.get(each) ?? []);
    const option = settings.find(({ path }) => path.length === 1 && path[0] === property);
    if (option && written.some(isVaried)) return spanOfValue(option);
    const nodeAt = ({ file, start, end }: SourcePlace): Node | undefined =>
      project.getSourceFileOrThrow(file).getDescendantAtStartWithWidth(start, end - start);
    const makers = written.flatMap(({ within, ...place }) => {
      const node = nodeAt(place);
      return node ? [{ node, within }] : [];
    });
    const [innermost] = makers;
    if (!innermost) return undefined;
    if (property === undefined) return spanOf(innermost.node);
    const value: unknown = property in object ? object[property as keyof typeof object] : undefined;
    for (const { node, within } of makers) {
      const found = Node.isCallExpression(node) ? findArgument(node, property) : findMember(node, property);
      if (found) return { ...spanOf(found), origin: originOf(found, value, property, within, nodeAt) };
    }
    return spanOf(innermost.node);
  };
