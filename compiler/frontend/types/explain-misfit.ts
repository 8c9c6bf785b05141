/** Why what stands somewhere in a spec is not of the type that is expected there. */
import { ts } from "ts-morph";
import { nearestNames } from "../../artifact/nearest-names.ts";
import { callAround, calleeText, type Expectation, expectationAt } from "./expectation.ts";
import type { Explained } from "./explained.ts";
import { shortText, type TypeWords } from "./type-words.ts";
import { formsOf, isAnything, isListType, joinAnd } from "./value-types.ts";
import { isObjectType, isRest, requiredNames, type Vocabulary } from "./vocabulary.ts";

const isWidened = (type: ts.Type): boolean => (type.flags & (ts.TypeFlags.String | ts.TypeFlags.Number)) !== 0;
const isLiteral = (type: ts.Type): boolean => type.isStringLiteral() || type.isNumberLiteral();

/** @returns a function that says what does not fit where TypeScript marks it; undefined: its own words are better */
export const createMisfits = (
  checker: ts.TypeChecker,
  words: TypeWords,
  { builderAt }: Vocabulary,
): ((marked: ts.Node) => Explained | undefined) => {
  const fits = (given: ts.Type, type: ts.Type): boolean => checker.isTypeAssignableTo(given, type);
  const isList = (type: ts.Type): boolean => isListType(checker, type);
  const isObject = (type: ts.Type): boolean => isObjectType(checker, type);
  const elementOf = (list: ts.Type): ts.Type | undefined => checker.getTypeArguments(list as ts.TypeReference)[0];
  const partType = (type: ts.Type, name: string): ts.Type | undefined => {
    const symbol = type.getProperty(name);
    return symbol && checker.getTypeOfSymbol(symbol);
  };

  /** A function where what it gives was meant. */
  const explainUncalled = ({ node, type }: Expectation, given: ts.Type): Explained | undefined => {
    const [signature] = given.getCallSignatures();
    const name = shortText(node);
    if (!signature || name === undefined || ts.isFunctionLike(node)) return undefined;
    const builder = builderAt(node);
    if (!builder && !fits(signature.getReturnType(), type)) return undefined;
    const call = builder ? name + builder.call.slice(builder.name.length) : `${name}()`;
    return { code: "not-called", message: `${name} is a function, and is not called here`, fix: `call it: ${call}` };
  };

  const explainAbsent = ({ node, type, by }: Expectation, given: ts.Type): Explained | undefined => {
    const present = checker.getNonNullableType(given);
    if (present === given || (present.flags & ts.TypeFlags.Never) !== 0 || !fits(present, type)) return undefined;
    const text = shortText(node);
    const message = `${by} takes ${words.expected(type)}, and ${text ?? "this"} may be undefined`;
    return { code: "maybe-undefined", message, fix: text && `say what it is then: ${text} ?? ...` };
  };

  /** Two arguments that each fit the other's place. */
  const explainSwapped = ({ node }: Expectation): Explained | undefined => {
    const call = callAround(node);
    const parameters = call && checker.getResolvedSignature(call)?.getParameters();
    const [first, second] = call?.arguments ?? [];
    if (!call || !parameters || !first || !second || call.arguments.length !== 2) return undefined;
    const [takesFirst, takesSecond] = parameters.map((parameter) => checker.getTypeOfSymbol(parameter));
    if (!takesFirst || !takesSecond) return undefined;
    const [one, other] = [checker.getTypeAtLocation(first), checker.getTypeAtLocation(second)];
    if (!fits(other, takesFirst) || !fits(one, takesSecond)) return undefined;
    const [name, otherName] = parameters.map((parameter) => parameter.name);
    const message = `${calleeText(call)} takes ${name} first, then ${otherName}`;
    const texts = [shortText(second), shortText(first)];
    const fix = texts.includes(undefined) ? "swap them" : `${calleeText(call)}(${texts.join(", ")})`;
    return { code: "wrong-value", message, fix };
  };

  /** An object without options that it needs. */
  const explainMissing = ({ node, type, by }: Expectation, given: ts.Type): Explained | undefined => {
    if (!isObject(given)) return undefined;
    const kind = partType(given, "kind");
    const form = formsOf(type).find((each) => {
      const own = partType(each, "kind");
      return isObject(each) && (!own || (kind !== undefined && fits(kind, own)));
    });
    const missing = form ? requiredNames(form).filter((name) => !given.getProperty(name)) : [];
    if (!form || missing.length === 0) return undefined;
    const call = ts.isObjectLiteralExpression(node) ? callAround(node) : undefined;
    const whole = kind?.isStringLiteral() ? kind.value : by;
    const message = `${whole} needs ${joinAnd(missing)}, which ${missing.length === 1 ? "is" : "are"} missing`;
    const choices = missing.map((name) => `${name}: ${words.expected(partType(form, name) ?? form)}`);
    return { code: "option-missing", message, fix: choices.join("; "), marked: call?.expression };
  };

  /** A part of an object that was written elsewhere. */
  const explainPart = ({ node, type, by }: Expectation, given: ts.Type): Explained | undefined => {
    const forms = formsOf(type).filter(isObject);
    const [form] = forms;
    if (!form || forms.length > 1 || !isObject(given)) return undefined;
    for (const { name } of form.getProperties()) {
      const [own, takes] = [partType(given, name), partType(form, name)];
      if (name === "kind" || !own || !takes || fits(own, takes)) continue;
      const message = `${by}'s ${name} takes ${words.expected(takes)}, and is ${words.kindOf(own)} here`;
      const isWide = isWidened(own) && formsOf(takes).some(isLiteral) && ts.isIdentifier(node);
      const fix = isWide ? `write "as const" behind the value of ${name}, where ${node.text} is made` : undefined;
      return { code: "wrong-value", message, fix };
    }
    return undefined;
  };

  /** An element of a list that was written elsewhere. */
  const explainElement = ({ node, type, by }: Expectation, given: ts.Type): Explained | undefined => {
    const list = formsOf(type).find(isList);
    if (!list || !checker.isArrayType(list) || !checker.isArrayType(given)) return undefined;
    const [takes, own] = [elementOf(list), elementOf(given)];
    const stranger = takes && own && formsOf(own).find((form) => !fits(form, takes));
    if (!stranger) return undefined;
    const name = shortText(node) ?? "the list";
    const message = `${by} takes ${words.expected(type)}, and ${name} has ${words.kindOf(stranger)} in it`;
    return { code: "wrong-value", message };
  };

  /** What was written, in the call that it needs, where there is only one such. */
  const wrap = (text: string, given: ts.Type, name: string, takes: ts.Type | undefined): string | undefined => {
    if (!takes || given.getProperty("kind")) return undefined;
    const isShared = !isObject(given) || given.getProperties().some((part) => takes.getProperty(part.name));
    if (isShared && fits(given, takes)) return `${name}(${text})`;
    const form = formsOf(takes).find(isObject);
    const [option, ...more] = form ? requiredNames(form) : [];
    const part = form && option !== undefined && more.length === 0 ? partType(form, option) : undefined;
    return part && fits(given, part) ? `${name}({ ${option}: ${text} })` : undefined;
  };

  const mendText = (text: string, type: ts.Type): string | undefined => {
    const choices = formsOf(type).flatMap((form) => (form.isStringLiteral() ? [form.value] : []));
    const [near] = nearestNames(text, choices);
    if (near !== undefined) return JSON.stringify(near);
    const takesNumber = formsOf(type).some((form) => (form.flags & ts.TypeFlags.NumberLike) !== 0);
    if (takesNumber && text.trim() !== "" && Number.isFinite(Number(text))) return `${text.trim()}, without quotes`;
    const makers = words.buildersOf(type);
    const [name] = nearestNames(
      text,
      makers.map((maker) => maker.name),
    );
    return makers.find((maker) => maker.name === name)?.call;
  };

  const mend = ({ node, type }: Expectation, given: ts.Type): string | undefined => {
    const text = shortText(node);
    const call = callAround(node);
    if (ts.isStringLiteralLike(node)) {
      const mended = mendText(node.text, type);
      if (mended !== undefined) return mended;
    }
    if (text === undefined) return undefined;
    const last = call && checker.getResolvedSignature(call)?.getParameters().at(-1);
    const element = isList(given) ? elementOf(given) : undefined;
    if (call && last && isRest(last) && element && fits(element, type)) {
      const inner = ts.isArrayLiteralExpression(node) ? text.slice(1, -1).trim() : `...${text}`;
      return `one by one: ${calleeText(call)}(${inner})`;
    }
    const lists = formsOf(type).filter(isList);
    const isElement = lists.some((list) =>
      checker.getTypeArguments(list as ts.TypeReference).some((each) => fits(given, each)),
    );
    if (isElement && lists.length === formsOf(type).length) return `put it in a list: [${text}]`;
    if (call && call.arguments.length === 1) {
      const wrapped = wrap(text, given, calleeText(call), type);
      if (wrapped !== undefined) return wrapped;
    }
    const calls = words.buildersOf(type).flatMap(({ name, takes }) => wrap(text, given, name, takes) ?? []);
    return calls.length === 1 ? calls[0] : undefined;
  };

  const explainValue = (expectation: Expectation, given: ts.Type): Explained => {
    const { node, type, by } = expectation;
    const message = `${by} takes ${words.expected(type)}, not ${words.given(node, given)}`;
    return { code: "wrong-value", message, fix: mend(expectation, given) };
  };

  return (marked) => {
    const expectation = expectationAt(checker, marked);
    if (!expectation || isAnything(expectation.type)) return undefined;
    const given = checker.getTypeAtLocation(expectation.node);
    return (
      explainUncalled(expectation, given) ??
      explainAbsent(expectation, given) ??
      explainSwapped(expectation) ??
      explainMissing(expectation, given) ??
      explainPart(expectation, given) ??
      explainElement(expectation, given) ??
      explainValue(expectation, given)
    );
  };
};
