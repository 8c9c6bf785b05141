/** The user's input is wrong: the message says what, where, what was expected, and the fix when it is certain. Exit code 2. */
export class UserError extends Error {
  override readonly name = "UserError";
}
