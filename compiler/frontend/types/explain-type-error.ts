/** What TypeScript finds in a spec, in a sentence that a newcomer to both understands; else in TypeScript's first. */
import { ts } from "ts-morph";
import { plural } from "../../artifact/plural.ts";
import { calleeText } from "./expectation.ts";
import type { Explained } from "./explained.ts";
import { explainFlow } from "./explain-flow.ts";
import { createMisfits } from "./explain-misfit.ts";
import {
  explainUnknownExport,
  explainUnknownModule,
  explainUnknownName,
  explainUnknownOption,
  explainUnknownPart,
} from "./explain-name.ts";
import { createTypeWords, shortText } from "./type-words.ts";
import { createValueTypes, joinAnd } from "./value-types.ts";
import { createVocabulary, neededWords, type Vocabulary } from "./vocabulary.ts";

type Explain = (node: ts.Node) => Explained | undefined;

/** The innermost node over a stretch of text. */
const nodeAt = (file: ts.SourceFile, start: number, end: number): ts.Node => {
  const within = (node: ts.Node): ts.Node =>
    ts.forEachChild(node, (child) =>
      child.getStart(file) <= start && end <= child.getEnd() ? within(child) : undefined,
    ) ?? node;
  return within(file);
};

/** Without what TypeScript adds of how types came about. */
const firstSentence = (message: string | ts.DiagnosticMessageChain): string => {
  const text = typeof message === "string" ? message : message.messageText;
  return (text.split(/\.\s/)[0] ?? text).replace(/\.$/, "");
};

/** Text that is no TypeScript. */
export const explainSyntax = ({ code, messageText, file, start = 0, length = 0 }: ts.Diagnostic): Explained => {
  const found = file?.text.slice(start, start + length).split("\n")[0] ?? "";
  const sentence = firstSentence(messageText);
  const explain = (message: string, fix?: string): Explained => ({ code: "syntax-error", message, fix });
  switch (code) {
    case 1002:
      return explain("the text that begins in this line has no closing quote");
    case 1005: {
      const mark = /^'(.+)' expected/.exec(sentence)?.[1] ?? "something";
      const comma = /^[)\]};]/.test(found) ? "a closing bracket" : "a comma";
      const missing = `${mark === "," ? comma : mark} is missing`;
      return explain(found === "" ? `${missing} where the file ends` : `${missing} before ${found}`);
    }
    case 1127:
      if (/[\u2018-\u201F\u00AB\u00BB]/.test(found)) return explain(`${found} is no quote of a program`, 'write "');
      return found === "#" ? explain("# begins no comment", "write //") : explain(`${found} has no meaning here`);
    case 1160:
      return explain("the text that begins with ` has no end");
    case 1185:
      return explain("git has left both versions of a conflict here", "keep one, and take out its marks");
    default:
      return explain(sentence);
  }
};

const explainCount = (checker: ts.TypeChecker, { builderAt }: Vocabulary, node: ts.Node): Explained | undefined => {
  const call = ts.findAncestor(node, ts.isCallExpression);
  if (!call) return undefined;
  const code = "argument-count";
  const parameters = checker.getResolvedSignature(call)?.getParameters() ?? [];
  const name = calleeText(call);
  const [given, most] = [call.arguments.length, parameters.length];
  const builder = builderAt(call.expression);
  const fix = builder && name + builder.call.slice(builder.name.length);
  if (given > most) {
    const takes = most === 0 ? "nothing" : `${most} ${plural(most, "argument")}`;
    return { code, message: `${name} takes ${takes}, and is given ${given}`, fix };
  }
  const needed = parameters.slice(given).flatMap((parameter) => neededWords(checker, parameter) ?? []);
  const lack = given === 0 ? "and is given nothing" : "which is not given";
  return { code, message: `${name} needs ${joinAnd(needed)}, ${lack}`, fix, marked: call.expression };
};

const explainUntyped: Explain = (node) => {
  const name = node.getText();
  return { code: "type-not-told", message: `the type of ${name} is not told`, fix: `${name}: number` };
};

const explainMaybeUndefined: Explain = (node) => {
  const name = shortText(node) ?? "this";
  return { code: "maybe-undefined", message: `${name} may be undefined`, fix: `say what it is then: ${name} ?? ...` };
};

const explainUncallable: Explain = (node) => {
  const name = shortText(node) ?? "this";
  return { code: "not-a-function", message: `${name} is no function, and is called here` };
};

const explainArithmetic: Explain = (node) => {
  const name = shortText(node) ?? "this";
  return { code: "not-a-number", message: `${name} is no number, and is reckoned with here` };
};

const explainEquals: Explain = () => ({
  code: "syntax-error",
  message: "an option is given with a colon, not =",
  fix: "write : for =",
});

const explainNew: Explain = (node) => {
  if (!ts.isNewExpression(node)) return undefined;
  const name = shortText(node.expression) ?? "this";
  return { code: "not-a-class", message: `${name} is called without "new"`, fix: `${name}(...)` };
};

/** @param vocabularyFile undefined: the spec does not use it */
export const createTypeErrors = (
  checker: ts.TypeChecker,
  vocabularyFile: ts.SourceFile | undefined,
): ((error: ts.Diagnostic) => Explained) => {
  const vocabulary = createVocabulary(checker, vocabularyFile);
  const misfit = createMisfits(checker, createTypeWords(checker, createValueTypes(checker), vocabulary), vocabulary);
  const unknownName: Explain = (node) => explainUnknownName(checker, vocabulary, node);
  const unknownPart: Explain = (node) => explainUnknownPart(checker, node);
  const unknownOption: Explain = (node) => explainUnknownOption(checker, node);
  const unknownExport: Explain = (node) => explainUnknownExport(checker, node);
  const count: Explain = (node) => explainCount(checker, vocabulary, node);
  const byCode = new Map<number, Explain>([
    ...[2322, 2345, 2559, 2739, 2740, 2741, 2769, 2820].map((code) => [code, misfit] as const),
    ...[2353, 2561].map((code) => [code, unknownOption] as const),
    ...[2304, 2503, 2552, 2584, 2693, 18004].map((code) => [code, unknownName] as const),
    [2591, (node) => explainUnknownModule(node) ?? unknownName(node)],
    ...[2307, 2792, 7016].map((code) => [code, explainUnknownModule] as const),
    ...[1192, 2305, 2613, 2614, 2724].map((code) => [code, unknownExport] as const),
    ...[2339, 2551].map((code) => [code, unknownPart] as const),
    ...[2554, 2555].map((code) => [code, count] as const),
    ...[7006, 7031].map((code) => [code, explainUntyped] as const),
    ...[2532, 2533, 18_048, 18_049].map((code) => [code, explainMaybeUndefined] as const),
    ...[2362, 2363].map((code) => [code, explainArithmetic] as const),
    [1312, explainEquals],
    [2349, explainUncallable],
    [7009, explainNew],
  ]);
  return ({ code, file, start = 0, length = 0, messageText }) => {
    const node = file && nodeAt(file, start, start + length);
    const explained = node && byCode.get(code)?.(node);
    const flow = node && explainFlow(checker, node, ts.flattenDiagnosticMessageText(messageText, "\n"));
    // That a step is not called is told with how it is called.
    const found = explained?.code === "not-called" ? explained : (flow ?? explained);
    return found ?? { code: `TS${code}`, message: firstSentence(messageText) };
  };
};
