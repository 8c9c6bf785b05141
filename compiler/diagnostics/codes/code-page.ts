/** What a page tells of a code: ERRORS.md has all, each with an error as it is printed, and `compile --explain CODE` prints one. */
export interface CodePage {
  /** What is wrong where this is said, why it matters, and what to do. */
  readonly means: string;
  /** How it is written instead. */
  readonly right?: string;
}
