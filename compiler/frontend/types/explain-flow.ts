/** What the types of the vocabulary say of a step that does not fit (`spec/dsl/flow.ts`). */
import { ts } from "ts-morph";
import type { Explained } from "./explained.ts";

/** Of a list's literal the element that gives the step of that number, where spreads before it give several. */
const elementGiving = (
  checker: ts.TypeChecker,
  { elements }: ts.ArrayLiteralExpression,
  step: number,
): ts.Expression | undefined => {
  let passed = 0;
  for (const element of elements) {
    const list = ts.isSpreadElement(element) ? checker.getTypeAtLocation(element.expression) : undefined;
    if (list && !checker.isTupleType(list)) return undefined;
    passed += list ? checker.getTypeArguments(list as ts.TypeReference).length : 1;
    if (step < passed) return element;
  }
  return undefined;
};

/** TypeScript marks the element of the step's number, as if each gave one; or, where there are fewer, the whole list. */
const stepAt = (checker: ts.TypeChecker, marked: ts.Node, message: string): ts.Node | undefined => {
  const { parent } = marked;
  if (ts.isArrayLiteralExpression(parent)) {
    const number = parent.elements.findIndex((element) => element === marked);
    return elementGiving(checker, parent, number);
  }
  const [, number] = /Type at position (\d+) in source/.exec(message) ?? [];
  const isList = ts.isPropertyAssignment(parent) && ts.isArrayLiteralExpression(parent.initializer);
  return isList && number !== undefined ? elementGiving(checker, parent.initializer, Number(number)) : undefined;
};

/**
 * The reason is a sentence, which is the type that is expected there, within what TypeScript says around it.
 * @param message TypeScript's, all its lines
 * @returns undefined where none of these types is meant
 */
export const explainFlow = (checker: ts.TypeChecker, marked: ts.Node, message: string): Explained | undefined => {
  const [, sentence] = /not assignable to (?:parameter of )?type '"([^"\\]* [^"\\]*)\."/.exec(message) ?? [];
  return sentence === undefined
    ? undefined
    : { code: "does-not-fit", message: sentence, marked: stepAt(checker, marked, message) };
};
