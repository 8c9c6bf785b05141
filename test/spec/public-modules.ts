/** What a project may import, as its sources declare it. */
import { fileURLToPath } from "node:url";
import {
  type ArrowFunction,
  type InterfaceDeclaration,
  Node,
  type ParameterDeclaration,
  Project,
  type PropertySignature,
  type SourceFile,
  ts,
  type Type,
  type TypeAliasDeclaration,
  type VariableDeclaration,
} from "ts-morph";

const pathOf = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const project = new Project({ tsConfigFilePath: pathOf("tsconfig.json"), skipAddingFilesFromTsConfig: true });

/** Modules by the name that a spec imports them by; their files in the order in which a spec is written. */
export const publicModules: ReadonlyMap<string, readonly SourceFile[]> = new Map(
  Object.entries({
    specgraph: [
      "model",
      "features",
      "layers",
      "initializers",
      "objectives",
      "training",
      "schedules",
      "augmentation",
      "pretrained",
      "variants",
    ].map((name) => `spec/dsl/${name}.ts`),
    "specgraph/ast": ["spec/ast.ts"],
  }).map(([name, paths]) => [name, paths.map((path) => project.addSourceFileAtPath(pathOf(path)))]),
);

/** What a program imports: `specgraph/runtime`. */
export const libraryFiles: readonly SourceFile[] = [
  "index",
  "library/open",
  "library/model",
  "audio/formats/pcm/sample-formats",
  "library/train",
  "library/evaluate",
  "library/training",
  "runs/training-events",
  "evaluate/evaluation-events",
  "metrics/figures",
  "evaluate/answers",
  "evaluate/explanation",
  "evaluate/find-events",
  "evaluate/rank-classes",
  "failure-codes",
  "user-error",
].map((name) => project.addSourceFileAtPath(pathOf(`runtime/${name}.ts`)));

/** What is `specgraph/web`'s own; its other files are those of `specgraph/runtime`. */
export const webFiles: readonly SourceFile[] = ["index", "open", "train", "training"].map((name) =>
  project.addSourceFileAtPath(pathOf(`runtime/web/${name}.ts`)),
);

/** Files that `specgraph` passes on. */
export const indexedFiles: readonly string[] = project
  .addSourceFileAtPath(pathOf("spec/dsl/index.ts"))
  .getExportDeclarations()
  .map((declaration) => declaration.getModuleSpecifierSourceFileOrThrow().getFilePath());

/** The declarations of a file without their comments: what a change of may break a spec. */
export const printDeclarations = (file: SourceFile): string => {
  const [output] = file.getEmitOutput({ emitOnlyDtsFiles: true }).getOutputFiles();
  return ts
    .createPrinter({ removeComments: true })
    .printFile(ts.createSourceFile("a.d.ts", output?.getText() ?? "", ts.ScriptTarget.Latest));
};

/** A function that a spec calls, a constant, or a type of options. */
export interface Entry {
  readonly name: string;
  /** As it is called, such as `kaldiFbank({ bins, lowHz? })`; of another, what it stands for. */
  readonly usage: string;
  readonly text: string;
  readonly options: readonly Option[];
  /** The type of what a function returns, by its name. */
  readonly returns?: string;
}

export interface Option {
  readonly name: string;
  /** As its source has it, on one line. */
  readonly type: string;
  readonly text: string;
  readonly isOptional: boolean;
  /** `undefined` where the text states none. */
  readonly default: string | undefined;
}

const onOneLine = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, " ");
/** A type without the comments of its parts. */
const typeOnOneLine = (text: string): string =>
  onOneLine(text.replaceAll(/\/\*\*[\s\S]*?\*\//g, ""))
    .replaceAll("; }", " }")
    .replaceAll("readonly ", "");

/** Of several comments before a declaration the last; the first may be its file's. */
const textOf = (node: Node | undefined): string => {
  const doc = Node.isJSDocable(node) ? node.getJsDocs().at(-1) : undefined;
  const throws = doc?.getTags().filter((tag) => tag.getTagName() === "throws") ?? [];
  const sentences = throws.map((tag) => `Throws a ${tag.getCommentText() ?? ""}.`);
  return [doc?.getDescription() ?? "", ...sentences].map(onOneLine).join(" ").trim();
};

/** `Default 0.97.`, `Default: half the sample rate.` */
const defaultSentence = /(?:^|\s)Default:? (.+?)\.(?=\s|$)/;

const describeOption = (name: string, type: string, isOptional: boolean, text: string): Option => ({
  name,
  type: typeOnOneLine(type),
  text: text.replace(defaultSentence, "").trim(),
  isOptional,
  default: defaultSentence.exec(text)?.[1],
});

/** What a caller states; not what tells one type from another. */
const propertiesOf = (type: Type): readonly PropertySignature[] => {
  const properties = (type.isUnion() ? type.getUnionTypes() : [type])
    .filter((each) => each.isObject() && !each.isArray() && !each.isTuple())
    .flatMap((each) => each.getProperties())
    .flatMap((property) => property.getDeclarations())
    .filter(Node.isPropertySignature)
    // A list's are its language's.
    .filter((property) => !property.getSourceFile().isDeclarationFile())
    .filter((property) => property.hasQuestionToken() || !property.getType().isStringLiteral());
  // By their place: the order of a mapped type's properties depends on what was looked at before.
  return [...new Set(properties)].toSorted((one, other) => one.getStart() - other.getStart());
};

const propertyOf = (type: Type, name: string): Node | undefined => type.getProperty(name)?.getDeclarations()[0];

/** A property's type as one writes it: for one that is inferred its default. */
const typeOf = (property: PropertySignature): string => {
  const type = property.getTypeNodeOrThrow().getText();
  const owner = property.getAncestors().find(Node.isInterfaceDeclaration);
  return owner?.getTypeParameter(type)?.getDefault()?.getText() ?? type;
};

/** A parameter's type as one writes it: for one that is inferred what it may be. */
const writtenType = (parameter: ParameterDeclaration, made: ArrowFunction): string => {
  const type = parameter.getTypeNodeOrThrow().getText();
  const inferred = made.getTypeParameters().map((each) => [each.getName(), each.getConstraint()?.getText()] as const);
  const [, whole] = inferred.find(([name]) => name === type) ?? [];
  const lists = inferred.filter(([, may]) => may === "readonly unknown[]").map(([name]) => name);
  return (
    whole ??
    lists.reduce(
      (text, name) => text.replaceAll(new RegExp(`FittingLayers<${name}>|\\b${name}\\b`, "g"), "Layers"),
      type,
    )
  );
};

/** Those first that must be stated. */
const describeProperties = (type: Type, result: Type): readonly Option[] =>
  propertiesOf(type)
    .map((property) =>
      describeOption(
        property.getName(),
        typeOf(property),
        property.hasQuestionToken(),
        textOf(property) || textOf(propertyOf(result, property.getName())),
      ),
    )
    .toSorted((one, other) => Number(one.isOptional) - Number(other.isOptional));

/** A parameter is a list of options, or one of itself: what it means, the property says that it becomes, or its comment. */
const describeParameter = (
  parameter: ParameterDeclaration,
  declaration: VariableDeclaration,
  made: ArrowFunction,
): { readonly usage: string; readonly options: readonly Option[] } => {
  const result = made.getReturnType();
  const options = describeProperties(parameter.getType(), result);
  if (options.length > 0) {
    return {
      usage: `{ ${options.map(({ name, isOptional }) => `${name}${isOptional ? "?" : ""}`).join(", ")} }`,
      options,
    };
  }
  const name = parameter.getName();
  const comment = declaration
    .getVariableStatementOrThrow()
    .getJsDocs()
    .flatMap((doc) => doc.getTags())
    .find((tag) => Node.isJSDocParameterTag(tag) && tag.getName() === name)
    ?.getCommentText();
  const text = comment === undefined ? textOf(propertyOf(result, name)) : `${onOneLine(comment)}.`;
  const isOptional = parameter.hasQuestionToken() || defaultSentence.test(text);
  return {
    usage: `${parameter.isRestParameter() ? "..." : ""}${name}`,
    options: [describeOption(name, writtenType(parameter, made), isOptional, text)],
  };
};

const describeFunction = (declaration: VariableDeclaration, made: ArrowFunction): Entry => {
  const name = declaration.getName();
  const result = made.getReturnType();
  const taken = made.getParameters().map((parameter) => describeParameter(parameter, declaration, made));
  return {
    name,
    usage: `${name}(${taken.map(({ usage }) => usage).join(", ")})`,
    text: textOf(declaration.getVariableStatement()) || textOf(result.getSymbol()?.getDeclarations()[0]),
    options: taken.flatMap(({ options }) => options),
    returns: /^\w+/.exec(made.getReturnTypeNodeOrThrow().getText())?.[0] ?? "",
  };
};

const describeVariable = (declaration: VariableDeclaration): Entry => {
  const value = declaration.getInitializerOrThrow();
  if (Node.isArrowFunction(value)) return describeFunction(declaration, value);
  const name = declaration.getName();
  return { name, usage: `${name} = ${value.getText()}`, text: textOf(declaration.getVariableStatement()), options: [] };
};

const describeType = (declaration: InterfaceDeclaration | TypeAliasDeclaration): Entry => {
  const name = declaration.getName();
  return Node.isInterfaceDeclaration(declaration)
    ? {
        name,
        usage: name,
        text: textOf(declaration),
        options: describeProperties(declaration.getType(), declaration.getType()),
      }
    : {
        name,
        usage: `${name} = ${declaration.getTypeNodeOrThrow().getText()}`,
        text: textOf(declaration),
        options: [],
      };
};

/**
 * Parts of types, written in place or not, that say nothing to who points at them: without a comment, or optional and without a default.
 * What tells one type from another is told by the type's own comment.
 */
export const silentProperties: readonly string[] = [...publicModules.values()].flat().flatMap((file) =>
  file.getDescendantsOfKind(ts.SyntaxKind.PropertySignature).flatMap((property) => {
    const type = property.getType();
    const isTag = type.isStringLiteral() && !property.hasQuestionToken();
    const text = textOf(property);
    const isSilent = text === "" || (property.hasQuestionToken() && !defaultSentence.test(text));
    return isTag || !isSilent ? [] : [`${file.getBaseName()}:${property.getStartLineNumber()} ${property.getName()}`];
  }),
);

/** The comment that a file begins with. */
export const describeFile = (file: SourceFile): string => {
  const [, text = ""] = /^\/\*\*([\s\S]*?)\*\//.exec(file.getFullText()) ?? [];
  return onOneLine(text.replaceAll(/^\s*\*/gm, ""));
};

export const describeExports = (file: SourceFile): readonly Entry[] =>
  [...file.getExportedDeclarations().values()].flat().flatMap((declaration) => {
    if (Node.isVariableDeclaration(declaration)) return [describeVariable(declaration)];
    const isType = Node.isInterfaceDeclaration(declaration) || Node.isTypeAliasDeclaration(declaration);
    return isType ? [describeType(declaration)] : [];
  });
