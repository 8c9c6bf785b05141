/** What is wrong with a spec, and where. */
import type { DiagnosticCode } from "./codes/codes.ts";

/** A stretch of source text; lines and columns count from 1. */
export interface SourceSpan {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Characters marked, all on the first line. */
  readonly length: number;
  /** The source line, for the printer. */
  readonly text: string;
  /** Where the value that is marked comes from, if from elsewhere. */
  readonly origin?: Origin | undefined;
}

/** What a value is, and where it was written that was passed on from there. */
export interface Origin {
  /** `heads is 5 here, passed on from spec/birds.ts:12` */
  readonly message: string;
  readonly span: SourceSpan;
}

/** The file of spans in what was set on the command line, each setting a line of it. */
export const settingsFile = "--set";

export interface Diagnostic {
  /** Stable, such as `heads-divide-width`; ERRORS.md has a page for each. */
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly span?: SourceSpan | undefined;
  /** What to do about it, when that is certain. */
  readonly fix?: string | undefined;
}

/** The user's input is wrong. Carries all that was found. */
export class CompileError extends Error {
  override readonly name = "CompileError";
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(({ message }) => message).join("\n"));
    this.diagnostics = diagnostics;
  }
}
