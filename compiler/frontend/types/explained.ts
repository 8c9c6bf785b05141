import type { DiagnosticCode } from "../../diagnostics/codes/codes.ts";
import type { ts } from "ts-morph";

/** What TypeScript says of a spec, as one sentence of ours. */
export interface Explained {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly fix?: string | undefined;
  /** What is marked instead of what TypeScript marks. */
  readonly marked?: ts.Node | undefined;
}
