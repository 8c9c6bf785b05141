import { UserError } from "../user-error.ts";

/** How a call fails that a signal ended. */
export const aborted = (signal?: AbortSignal): UserError =>
  new UserError("aborted", {}, "the call was aborted", signal ? { cause: signal.reason } : {});
