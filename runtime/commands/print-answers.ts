import type { AnswerOutput } from "../recordings/answer-output.ts";
import { createTelling, type TellingOptions } from "../recordings/telling.ts";
import type { Output } from "./output.ts";

/** Prints what is heard as it is heard. */
export const createAnswerPrinter = (options: TellingOptions, output: Output): AnswerOutput => {
  const { head, take } = createTelling(options);
  const print = (line: string | object): void => (typeof line === "string" ? output.result(line) : output.json(line));
  head.forEach(print);
  return {
    take: async (answer) => {
      for (const line of await take(answer)) print(line);
    },
  };
};
