import type { FailureCode } from "./failure-codes.ts";

/** Where something stands: a file or folder, and the line in it. */
export interface Where {
  readonly path: string;
  /** From 1. */
  readonly line?: number | undefined;
}

export const formatWhere = ({ path, line }: Where): string => (line === undefined ? path : `${path}:${line}`);

type Fact = string | number | boolean | null | undefined | readonly string[] | readonly number[];

/** What a failure is about, by name. */
export interface Facts extends Partial<Where> {
  /** The option at fault, by its name in the library. */
  readonly option?: string | undefined;
  readonly [name: string]: Fact;
}

const beginning = ({ path, line, option }: Facts): string => {
  if (path !== undefined) return `${formatWhere({ path, line })}: `;
  return option === undefined ? "" : `${option} `;
};

/**
 * The user's input is wrong: the message says what, where, what was expected, and the fix when it is certain. Programs tell
 * failures by `code`, which stays the same (failure-codes.ts lists all), and find in `facts` what the message says. Flags are named by the command line
 * alone, which adds them: commands/describe-failure.ts.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly code: FailureCode;
  readonly facts: Facts;
  /** The message without where it is. */
  readonly sentence: string;

  /** @param facts of which `path`, with `line`, or `option` begins the message */
  constructor(code: FailureCode, facts: Facts, sentence: string, options?: ErrorOptions) {
    super(beginning(facts) + sentence, options);
    this.code = code;
    this.facts = facts;
    this.sentence = sentence;
  }
}

/** What `act` gives, or what is wrong with the user's input, where that is no reason to end. @throws any other error */
export const orUserError = async <Value>(act: () => Value | Promise<Value>): Promise<Value | UserError> => {
  try {
    return await act();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
};
