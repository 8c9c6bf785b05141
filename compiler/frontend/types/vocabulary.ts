/** The vocabulary as the type-checker knows it: which of its functions gives what is expected somewhere. */
import { ts } from "ts-morph";
import { isListType, isOptional } from "./value-types.ts";

export interface Builder {
  readonly name: string;
  /** How it is called, with what it cannot do without: `layerNorm({ eps })`. */
  readonly call: string;
  readonly gives: ts.Type;
  /** Of its first argument; undefined: it takes none. */
  readonly takes: ts.Type | undefined;
}

export interface Vocabulary {
  readonly builders: readonly Builder[];
  /** The builder that a name or a part of a module stands for. */
  readonly builderAt: (node: ts.Node) => Builder | undefined;
  /** The names of its values. */
  readonly names: readonly string[];
  /** The name of the type whose forms these are, such as `Schedule`; undefined: it has none. */
  readonly typeName: (forms: readonly ts.Type[]) => string | undefined;
}

/** The options without which an object is none of a type's. */
export const requiredNames = (type: ts.Type): readonly string[] =>
  type
    .getProperties()
    .filter((part) => !isOptional(part) && part.name !== "kind")
    .map(({ name }) => name);

export const isObjectType = (checker: ts.TypeChecker, type: ts.Type): boolean =>
  (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0 &&
  type.getCallSignatures().length === 0 &&
  // A list that is inferred is none of the two below.
  type.getNumberIndexType() === undefined &&
  !isListType(checker, type);

export const isRest = ({ valueDeclaration }: ts.Symbol): boolean =>
  valueDeclaration !== undefined && ts.isParameter(valueDeclaration) && valueDeclaration.dotDotDotToken !== undefined;

/** A parameter that a call cannot do without, in words: `{ eps }` or `units`; undefined: it can. */
export const neededWords = (checker: ts.TypeChecker, parameter: ts.Symbol): string | undefined => {
  const { name, valueDeclaration } = parameter;
  const isParameter = valueDeclaration !== undefined && ts.isParameter(valueDeclaration);
  if (isParameter && (isRest(parameter) || checker.isOptionalParameter(valueDeclaration))) return undefined;
  const type = checker.getTypeOfSymbol(parameter);
  const form = type.isUnion() ? type.types.find((each) => isObjectType(checker, each)) : type;
  return form && isObjectType(checker, form) ? `{ ${requiredNames(form).join(", ")} }` : name;
};

/** @param file the vocabulary's declarations; undefined: the spec does not use it */
export const createVocabulary = (checker: ts.TypeChecker, file: ts.SourceFile | undefined): Vocabulary => {
  const module = file && checker.getSymbolAtLocation(file);
  const behind = (symbol: ts.Symbol): ts.Symbol =>
    (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
  const exported = (module ? checker.getExportsOfModule(module) : []).map(behind);
  const values = exported.filter((symbol) => (symbol.flags & ts.SymbolFlags.Value) !== 0);
  const builders = new Map(
    values.flatMap((symbol): readonly (readonly [ts.Symbol, Builder])[] => {
      const { name } = symbol;
      const [signature] = checker.getTypeOfSymbol(symbol).getCallSignatures();
      if (!signature) return [];
      const parameters = signature.getParameters();
      const needed = parameters.flatMap((parameter) => neededWords(checker, parameter) ?? []);
      const takes = parameters[0] && checker.getTypeOfSymbol(parameters[0]);
      return [[symbol, { name, call: `${name}(${needed.join(", ")})`, gives: signature.getReturnType(), takes }]];
    }),
  );
  const unions = exported.flatMap((symbol) => {
    const type = (symbol.flags & ts.SymbolFlags.TypeAlias) === 0 ? undefined : checker.getDeclaredTypeOfSymbol(symbol);
    return type?.isUnion() ? [{ name: symbol.name, forms: type.types }] : [];
  });
  return {
    builders: [...builders.values()],
    builderAt: (node) => {
      const symbol = checker.getSymbolAtLocation(node);
      return symbol && builders.get(behind(symbol));
    },
    names: values.map(({ name }) => name),
    typeName: (forms) =>
      unions.find((union) => union.forms.length === forms.length && union.forms.every((form) => forms.includes(form)))
        ?.name,
  };
};
