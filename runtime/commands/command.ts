/** What a command of `runtime` is. */
import type { Usage } from "./options.ts";
import type { Output } from "./output.ts";

export const exitCodes = { done: 0, defect: 1, userError: 2, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export interface Command {
  readonly usage: Usage;
  /**
   * @param args what follows the command's name
   * @param signal ends the command early, leaving what it writes in order
   * @throws UserError
   */
  readonly run: (args: readonly string[], output: Output, signal: AbortSignal) => Promise<ExitCode>;
}
