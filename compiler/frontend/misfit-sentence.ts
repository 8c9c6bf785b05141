/**
 * What the types of the vocabulary say of a step that does not fit (`spec/dsl/flow.ts`): a sentence, which is the type that is expected
 * there, within what TypeScript says around it.
 * @param message TypeScript's, all its lines
 * @returns undefined where none of these types is meant
 */
export const misfitSentence = (message: string): string | undefined => {
  const [, sentence] = /not assignable to (?:parameter of )?type '"([^"\\]* [^"\\]*)\."/.exec(message) ?? [];
  return sentence;
};
