/**
 * What a spec's options are given to: the call that makes its default export, its default export itself, where that is a function, or the
 * function that makes its variants.
 */
import { Node, type Project, type SourceFile, type Symbol as TsSymbol, ts, VariableDeclarationKind } from "ts-morph";
import type { ObjectPlace } from "./evaluate-spec.ts";

export interface VariedCall {
  /** As messages call it: `ast`. */
  readonly name: string;
  /** Where it is called; "export": the default export is a function, which the compiler calls; "variants": it calls what makes these. */
  readonly call: ObjectPlace | "export" | "variants";
  /** Of its options; undefined: it takes none. */
  readonly type: ts.Type | undefined;
  /** Where the options' defaults are written. */
  readonly defaults: ReadonlyMap<string, ObjectPlace>;
  /** Whether it can be called without options. */
  readonly isOptional: boolean;
}

const placeOf = (node: Node): ObjectPlace => ({
  file: node.getSourceFile().getFilePath(),
  start: node.getStart(),
  end: node.getEnd(),
});

const isOptions = (type: ts.Type): boolean =>
  (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection | ts.TypeFlags.Union)) !== 0;

/** Through imports and constants to what a name stands for. */
const findMaker = (symbol: TsSymbol | undefined): Node | undefined => {
  const [declaration] = (symbol?.getAliasedSymbol() ?? symbol)?.getDeclarations() ?? [];
  if (Node.isExportAssignment(declaration)) return unwrap(declaration.getExpression());
  if (Node.isVariableDeclaration(declaration)) {
    return declaration.getVariableStatement()?.getDeclarationKind() === VariableDeclarationKind.Const
      ? unwrap(declaration.getInitializer())
      : undefined;
  }
  return declaration;
};

const unwrap = (node: Node | undefined): Node | undefined => {
  if (Node.isParenthesizedExpression(node) || Node.isAsExpression(node) || Node.isSatisfiesExpression(node)) {
    return unwrap(node.getExpression());
  }
  return Node.isIdentifier(node) ? findMaker(node.getSymbol()) : node;
};

const describeSignature = (
  signature: ts.Signature,
  project: Project,
  at: Node,
): Pick<VariedCall, "type" | "defaults" | "isOptional"> => {
  const checker = project.getTypeChecker().compilerObject;
  const [symbol] = signature.getParameters();
  const declared = symbol?.valueDeclaration;
  const parameter =
    declared &&
    at
      .getProject()
      .getSourceFile(declared.getSourceFile().fileName)
      ?.getDescendantAtStartWithWidth(declared.getStart(), declared.getWidth());
  const isParameter = Node.isParameterDeclaration(parameter);
  const type = symbol && checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(symbol, at.compilerNode));
  const pattern = isParameter ? parameter.getNameNode() : undefined;
  const elements = Node.isObjectBindingPattern(pattern) ? pattern.getElements() : [];
  return {
    type: type && isOptions(type) && !(isParameter && parameter.isRestParameter()) ? type : undefined,
    isOptional: !isParameter || parameter.isOptional(),
    defaults: new Map(
      elements.flatMap((element) => {
        const initializer = element.getInitializer();
        const name = element.getPropertyNameNode()?.getText() ?? element.getName();
        return initializer ? [[name, placeOf(initializer)] as const] : [];
      }),
    ),
  };
};

/** Of `variants(make, ...)` what `make` takes. */
const describeMaker = (call: Node | undefined, project: Project): VariedCall | undefined => {
  const [make] = Node.isCallExpression(call) ? call.getArguments() : [];
  const signature = make?.getType().compilerType.getCallSignatures()[0];
  if (!make || !signature) return undefined;
  const name = Node.isIdentifier(make) ? make.getText() : "the variants' function";
  return { name, call: "variants", ...describeSignature(signature, project, make) };
};

/** @returns undefined where the default export is no function, nor made by a call with one object of options */
export const findVariedCall = (project: Project, file: SourceFile): VariedCall | undefined => {
  const checker = project.getTypeChecker().compilerObject;
  const symbol = file.getDefaultExportSymbol();
  if (!symbol) return undefined;
  const [signature] = symbol.getTypeAtLocation(file).compilerType.getCallSignatures();
  if (signature) return { name: "the spec's function", call: "export", ...describeSignature(signature, project, file) };
  const call = findMaker(symbol);
  const kind = symbol.getTypeAtLocation(file).getProperty("kind")?.getTypeAtLocation(file).getLiteralValue();
  if (kind === "variants") return describeMaker(call, project);
  if (
    !Node.isCallExpression(call) ||
    ts.isOptionalChain(call.compilerNode) ||
    call.getArguments().length > 1 ||
    Node.isSpreadElement(call.getArguments()[0])
  )
    return undefined;
  const resolved = checker.getResolvedSignature(call.compilerNode);
  if (!resolved) return undefined;
  return { name: call.getExpression().getText(), call: placeOf(call), ...describeSignature(resolved, project, call) };
};
