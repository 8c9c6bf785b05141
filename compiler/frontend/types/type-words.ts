/** Types in the words of a spec: by the vocabulary's functions that make them, where there are any. */
import { ts } from "ts-morph";
import { formsOf, isListType, joinOr, type ValueTypes } from "./value-types.ts";
import { type Builder, isObjectType, requiredNames, type Vocabulary } from "./vocabulary.ts";

export interface TypeWords {
  /** What is expected: `constant(), multiStep({ milestones, factor }) or cosine()`. */
  readonly expected: (type: ts.Type) => string;
  /** What is there instead: `"hann"`, or `size, which is text`. */
  readonly given: (node: ts.Expression, type: ts.Type) => string;
  /** What is known of a value whose text does not tell: `a number or undefined`. */
  readonly kindOf: (type: ts.Type) => string;
  /** The functions of the vocabulary that give something of a type. */
  readonly buildersOf: (type: ts.Type) => readonly Builder[];
}

/** Options that are named of an object that needs none. */
const mostOptions = 5;

/** Beyond so many the name of what they all give says more. */
const mostBuilders = 5;

/** Characters of source text that a message repeats. */
const mostText = 40;

/** `FeatureStep` as `feature step` */
const asWords = (name: string): string => name.replaceAll(/(?!^)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();

const withArticle = (words: string): string => `${/^[aeiou]/.test(words) ? "an" : "a"} ${words}`;

/** Source text on one line; undefined where it is too long for one. */
export const shortText = (node: ts.Node): string | undefined => {
  const text = node.getText().replaceAll(/\s+/g, " ");
  return text.length <= mostText ? text : undefined;
};

const hasFlag = (type: ts.Type, flag: ts.TypeFlags): boolean => (type.flags & flag) !== 0;

export const createTypeWords = (
  checker: ts.TypeChecker,
  values: ValueTypes,
  { builders, typeName }: Vocabulary,
): TypeWords => {
  const isKind = (type: ts.Type): boolean => type.getProperties().some(({ name }) => name === "kind");
  const isList = (type: ts.Type): boolean => isListType(checker, type);
  const isAlike = (type: ts.Type, other: ts.Type): boolean =>
    checker.isTypeAssignableTo(type, other) && checker.isTypeAssignableTo(other, type);
  const buildersOf = (type: ts.Type): readonly Builder[] => {
    const [kinds, lists] = [formsOf(type).filter(isKind), formsOf(type).filter(isList)];
    return builders.filter(
      ({ gives }) =>
        kinds.some((kind) => checker.isTypeAssignableTo(gives, kind)) || lists.some((list) => isAlike(gives, list)),
    );
  };
  const callsOf = (type: ts.Type): readonly string[] => buildersOf(type).map(({ call }) => call);

  const listWords = (type: ts.Type): string => {
    const [element] = checker.isArrayType(type) ? checker.getTypeArguments(type as ts.TypeReference) : [];
    if (!element) return values.describe(type);
    const name = typeName(formsOf(element).filter(isKind));
    if (name !== undefined) return `a list of ${asWords(name)}s`;
    if (hasFlag(element, ts.TypeFlags.Number)) return "a list of numbers";
    return hasFlag(element, ts.TypeFlags.String) ? "a list of text" : `a list, each of it ${expected(element)}`;
  };

  /** What an object cannot do without; where that is nothing, some of what it may have. */
  const objectWords = (type: ts.Type): string => {
    const required = requiredNames(type);
    if (required.length > 0) return `{ ${required.join(", ")} }`;
    const names = type.getProperties().map(({ name }) => `${name}?`);
    return `{ ${[...names.slice(0, mostOptions), ...(names.length > mostOptions ? ["..."] : [])].join(", ")} }`;
  };

  const formWords = (form: ts.Type): readonly string[] => {
    if (isList(form)) return [listWords(form), ...callsOf(form)];
    const [signature] = form.getCallSignatures();
    if (signature) return [`a function that gives ${expected(signature.getReturnType())}`];
    const isOptions = isObjectType(checker, form) && form.getProperties().length > 0;
    return [isOptions ? objectWords(form) : values.describe(form)];
  };

  const expected = (type: ts.Type): string => {
    const kinds = formsOf(type).filter(isKind);
    const calls = kinds.flatMap((kind) => {
      const own = callsOf(kind);
      return own.length > 0 ? own : [values.describe(kind)];
    });
    const name = calls.length > mostBuilders ? typeName(kinds) : undefined;
    const others = formsOf(type)
      .filter((form) => !isKind(form))
      .flatMap(formWords);
    const words = name === undefined ? [...others, ...calls] : [withArticle(asWords(name)), ...others];
    return joinOr([...new Set(words)]);
  };

  const kindOfForm = (type: ts.Type): string => {
    if (type.isStringLiteral() || type.isNumberLiteral()) return JSON.stringify(type.value);
    if (hasFlag(type, ts.TypeFlags.Undefined | ts.TypeFlags.Void)) return "undefined";
    if (hasFlag(type, ts.TypeFlags.Null)) return "null";
    if (hasFlag(type, ts.TypeFlags.StringLike)) return "text";
    if (hasFlag(type, ts.TypeFlags.NumberLike)) return "a number";
    if (hasFlag(type, ts.TypeFlags.BooleanLike)) return "true or false";
    if (type.getCallSignatures().length > 0) return "a function";
    if (isList(type)) return "a list";
    const [maker, another] = isKind(type) ? callsOf(type) : [];
    if (another !== undefined) return withArticle(asWords(type.symbol.name));
    return maker ?? "an object";
  };
  const kindOf = (type: ts.Type): string =>
    joinOr([...new Set((type.isUnion() ? type.types : [type]).map(kindOfForm))]);

  return {
    expected,
    kindOf,
    buildersOf,
    given: (node, type) => {
      const words = kindOf(type);
      const text = shortText(node);
      const isNamed =
        ts.isIdentifier(node) || ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node);
      if (isNamed && text !== undefined && text !== words) return `${text}, which is ${words}`;
      if (ts.isCallExpression(node)) return text ?? `${shortText(node.expression) ?? "what this call"}(...)`;
      return text ?? words;
    },
  };
};
