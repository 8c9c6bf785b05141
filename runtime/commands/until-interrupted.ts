import { UserError } from "../user-error.ts";
import { type ExitCode, exitCodes } from "./command.ts";

/** How a command ends that a signal may interrupt. @throws whatever `act` throws for another reason */
export const untilInterrupted = async (signal: AbortSignal, act: () => Promise<void>): Promise<ExitCode> => {
  try {
    await act();
  } catch (error) {
    if (!(signal.aborted && error instanceof UserError && error.code === "aborted")) throw error;
  }
  return signal.aborted ? exitCodes.interrupted : exitCodes.done;
};
