/** Calls that may end before they are done: the caller's signal asks for it, or the model that closes. */
import type { UserError } from "../user-error.ts";
import { aborted } from "./aborted.ts";

/** Ends a call. */
export type End = (failure: UserError) => void;

/**
 * What `act` gives, or a failure as soon as the signal or one of `ends` asks for it; what `act` still does is for no one.
 * @param act given what is aborted, for that failure, when the call has ended, and in any case when `act` is done
 */
export const untilEnded = <Value>(
  signal: AbortSignal | undefined,
  ends: Set<End>,
  act: (stop: AbortSignal) => Promise<Value>,
): Promise<Value> =>
  new Promise((resolve, reject) => {
    const stop = new AbortController();
    const end: End = (failure) => {
      stop.abort(failure);
      reject(failure);
    };
    const abort = (): void => {
      if (signal) end(aborted(signal));
    };
    if (signal?.aborted) {
      abort();
      return;
    }
    ends.add(end);
    signal?.addEventListener("abort", abort);
    act(stop.signal)
      .then(resolve, reject)
      .finally(() => {
        ends.delete(end);
        signal?.removeEventListener("abort", abort);
        stop.abort();
      });
  });

/**
 * The items that `open` gives, until the signal or one of `ends` asks for their end: then the failure, once, at the latest with the
 * next item that is asked for. Leaving them early ends them at once, too, also while one is waited for.
 * @param open given what is aborted when the items have ended
 */
export const eachUntilEnded = <Item>(
  signal: AbortSignal | undefined,
  ends: Set<End>,
  open: (stop: AbortSignal) => AsyncGenerator<Item, void, undefined>,
): AsyncIterableIterator<Item, void, undefined> => {
  const stop = new AbortController();
  const items = open(stop.signal);
  const waiting = new Set<End>();
  let state: "new" | "going" | "over" = "new";
  let untold: UserError | undefined;
  const finish = (reason?: UserError): void => {
    state = "over";
    ends.delete(end);
    signal?.removeEventListener("abort", abort);
    stop.abort(reason);
  };
  const end: End = (failure) => {
    if (waiting.size === 0) untold = failure;
    for (const reject of waiting) reject(failure);
    finish(failure);
    // So that what it holds is let go of, where no item is waited for.
    items.return().catch(() => undefined);
  };
  const abort = (): void => {
    if (signal) end(aborted(signal));
  };
  const begin = (): void => {
    state = "going";
    ends.add(end);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
  };
  const next = (): Promise<IteratorResult<Item, void>> =>
    new Promise((resolve, reject) => {
      if (state === "new") begin();
      if (untold !== undefined) {
        reject(untold);
        untold = undefined;
      } else if (state === "over") resolve({ done: true, value: undefined });
      else {
        waiting.add(reject);
        items
          .next()
          .then(
            (result) => {
              if (result.done) finish();
              resolve(result);
            },
            (error: unknown) => {
              if (state === "over") resolve({ done: true, value: undefined });
              else finish();
              reject(error);
            },
          )
          .finally(() => waiting.delete(reject));
      }
    });
  const leave = async (): Promise<IteratorResult<Item, void>> => {
    finish();
    untold = undefined;
    await items.return();
    return { done: true, value: undefined };
  };
  return {
    next,
    return: leave,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
};
