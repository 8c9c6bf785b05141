import { expect } from "vitest";
import { describeFailure } from "../../runtime/commands/describe-failure.ts";
import { UserError } from "../../runtime/user-error.ts";

/** A failure that the command line tells in these words. */
export const saying = (words: string | RegExp): unknown =>
  expect.toSatisfy((error: unknown) => {
    if (!(error instanceof UserError)) return false;
    const told = describeFailure(error);
    return words instanceof RegExp ? words.test(told) : told === words;
  }, String(words));
