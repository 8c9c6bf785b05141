/** Whether a value of JSON is of a type of the spec's, and what a type takes, in words. */
import { ts } from "ts-morph";

/** What does not fit: where within the value, and why. */
export interface Misfit {
  /** Such as `.bins` or `[2]`; empty: the value itself. */
  readonly at: string;
  /** `takes a number, not "x"` */
  readonly message: string;
}

export interface ValueTypes {
  /** What a value lacks to be of a type; undefined: nothing. */
  readonly misfit: (type: ts.Type, value: unknown) => Misfit | undefined;
  /** What a type takes: `a number or { bins, frames }`. */
  readonly describe: (type: ts.Type) => string;
  readonly hasParts: (type: ts.Type) => boolean;
  /** The forms of a type that have parts, of those only the ones whose `kind` is the value's. */
  readonly withParts: (type: ts.Type, value: object) => readonly ts.Type[];
  /** The type of a part; undefined: there is none of that name. */
  readonly partOf: (type: ts.Type, name: string) => ts.Type | undefined;
  /** The names of a type's parts. */
  readonly partNames: (type: ts.Type) => readonly string[];
}

/** A value in few characters. */
export const printValue = (value: unknown): string => {
  const printed = JSON.stringify(value) ?? String(value);
  return printed.length > 60 ? `${printed.slice(0, 60)}...` : printed;
};

const joinBy =
  (last: string) =>
  (words: readonly string[]): string =>
    words.length < 2 ? (words[0] ?? "nothing") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
export const joinOr = joinBy("or");
export const joinAnd = joinBy("and");

const isAbsent = (type: ts.Type): boolean => (type.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void)) !== 0;
export const isAnything = (type: ts.Type): boolean =>
  (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.NonPrimitive)) !== 0;
/** Of a union its members, but for what says that a value may be left out. */
export const formsOf = (type: ts.Type): readonly ts.Type[] =>
  (type.isUnion() ? type.types : [type]).filter((each) => !isAbsent(each));
export const isOptional = (symbol: ts.Symbol): boolean => (symbol.flags & ts.SymbolFlags.Optional) !== 0;

export const isListType = (checker: ts.TypeChecker, type: ts.Type): boolean =>
  checker.isArrayType(type) || checker.isTupleType(type);

export const createValueTypes = (checker: ts.TypeChecker): ValueTypes => {
  const isList = (type: ts.Type): boolean => isListType(checker, type);
  const isWhole = (type: ts.Type): boolean =>
    (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0 &&
    type.getCallSignatures().length === 0 &&
    type.getConstructSignatures().length === 0;
  const propertyType = (type: ts.Type, name: string): ts.Type | undefined => {
    // By `getProperty` each object would have the parts of `Object`, such as "constructor".
    const symbol = type.getProperties().find((part) => part.name === name);
    return symbol ? checker.getTypeOfSymbol(symbol) : type.getStringIndexType();
  };
  const elementTypes = (type: ts.Type): readonly ts.Type[] => checker.getTypeArguments(type as ts.TypeReference);
  const elementType = (type: ts.Type, index: number): ts.Type | undefined => {
    const types = elementTypes(type);
    return checker.isTupleType(type) ? types[index] : types[0];
  };

  const describeForm = (type: ts.Type): string => {
    if (type.isStringLiteral() || type.isNumberLiteral()) return JSON.stringify(type.value);
    if ((type.flags & ts.TypeFlags.Number) !== 0) return "a number";
    if ((type.flags & ts.TypeFlags.String) !== 0) return "text";
    if (checker.isTupleType(type)) return `[${elementTypes(type).map(describe).join(", ")}]`;
    if (checker.isArrayType(type)) return `a list, of ${elementTypes(type).map(describe).join()} each`;
    if (!isWhole(type)) return checker.typeToString(type);
    const index = type.getStringIndexType();
    const names = type.getProperties().map((part) => {
      const value = part.name === "kind" ? `: ${describe(checker.getTypeOfSymbol(part))}` : "";
      return `${part.name}${isOptional(part) ? "?" : ""}${value}`;
    });
    return `{ ${[...names, ...(index ? [`"...": ${describe(index)}`] : [])].join(", ")} }`;
  };
  const describe = (type: ts.Type): string => {
    const words = formsOf(type).map(describeForm);
    // What is true or false comes as two types.
    const isTruth = words.includes("true") && words.includes("false");
    const shown = isTruth ? [...words.filter((word) => word !== "true" && word !== "false"), "true", "false"] : words;
    return joinOr([...new Set(shown)]);
  };

  const withParts = (type: ts.Type, value: object): readonly ts.Type[] => {
    const forms = formsOf(type).filter((form) => isWhole(form) && isList(form) === Array.isArray(value));
    if (!("kind" in value)) return forms;
    const { kind } = value;
    return forms.filter((form) => {
      const kindType = propertyType(form, "kind");
      return kindType === undefined || misfit(kindType, kind) === undefined;
    });
  };

  const literalType = (value: unknown): ts.Type | undefined => {
    if (typeof value === "string") return checker.getStringLiteralType(value);
    if (typeof value === "number") return checker.getNumberLiteralType(value);
    if (typeof value === "boolean") return value ? checker.getTrueType() : checker.getFalseType();
    return value === null ? checker.getNullType() : undefined;
  };

  const listMisfit = (type: ts.Type, list: readonly unknown[]): Misfit | undefined => {
    if (checker.isTupleType(type)) {
      const { minLength, hasRestElement } = (type as ts.TupleTypeReference).target;
      if (list.length < minLength || (!hasRestElement && list.length > elementTypes(type).length)) {
        return { at: "", message: `takes ${describe(type)}, not ${printValue(list)}` };
      }
    }
    for (const [index, element] of list.entries()) {
      const expected = elementType(type, index) ?? elementTypes(type).at(-1);
      const found = expected && misfit(expected, element);
      if (found) return { at: `[${index}]${found.at}`, message: found.message };
    }
    return undefined;
  };

  const objectMisfit = (type: ts.Type, object: object): Misfit | undefined => {
    for (const [name, value] of Object.entries(object) as [string, unknown][]) {
      const expected = propertyType(type, name);
      if (!expected) return { at: "", message: `takes ${describe(type)}, and no "${name}"` };
      const found = misfit(expected, value);
      if (found) return { at: `.${name}${found.at}`, message: found.message };
    }
    const missing = type.getProperties().filter((part) => !isOptional(part) && !Object.hasOwn(object, part.name));
    const names = missing.map(({ name }) => name).join(", ");
    return missing.length > 0 ? { at: "", message: `takes ${describe(type)}, and this lacks ${names}` } : undefined;
  };

  const misfit = (type: ts.Type, value: unknown): Misfit | undefined => {
    if (isAnything(type)) return undefined;
    const refusal = { at: "", message: `takes ${describe(type)}, not ${printValue(value)}` };
    const literal = literalType(value);
    if (literal) return checker.isTypeAssignableTo(literal, type) ? undefined : refusal;
    if (typeof value !== "object" || value === null) return refusal;
    const found = withParts(type, value).map((form) =>
      Array.isArray(value) ? listMisfit(form, value) : objectMisfit(form, value),
    );
    if (found.includes(undefined)) return undefined;
    // Of several forms none is known to be the one that was meant.
    return found.length === 1 ? found[0] : refusal;
  };

  return {
    misfit,
    describe,
    hasParts: (type) => formsOf(type).some((form) => isAnything(form) || isWhole(form)),
    withParts,
    partOf: (type, name) => (isList(type) ? elementType(type, Number(name)) : propertyType(type, name)),
    partNames: (type) => (isList(type) ? [] : type.getProperties().map(({ name }) => name)),
  };
};
