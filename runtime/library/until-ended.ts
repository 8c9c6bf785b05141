import { UserError } from "../user-error.ts";

const aborted = (signal: AbortSignal): UserError =>
  new UserError("aborted", {}, "the call was aborted", { cause: signal.reason });

/** Ends calls before they are done. */
export type End = (failure: UserError) => void;

/**
 * What `act` gives, or a failure as soon as the signal or one of `ends` asks for it; what `act` still does is for no one.
 * @param act given what throws where the call has ended
 */
export const untilEnded = <Value>(
  signal: AbortSignal | undefined,
  ends: Set<End>,
  act: (requireGoing: () => void) => Promise<Value>,
): Promise<Value> =>
  new Promise((resolve, reject) => {
    let ending: UserError | undefined;
    const end: End = (failure) => {
      ending ??= failure;
      reject(failure);
    };
    const abort = (): void => {
      if (signal) end(aborted(signal));
    };
    const requireGoing = (): void => {
      if (ending) throw ending;
    };
    if (signal?.aborted) {
      abort();
      return;
    }
    ends.add(end);
    signal?.addEventListener("abort", abort);
    act(requireGoing)
      .then(resolve, reject)
      .finally(() => {
        ends.delete(end);
        signal?.removeEventListener("abort", abort);
      });
  });
