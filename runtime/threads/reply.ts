/** What a thread answers. */
import { fromThreadFailure, type ThreadFailure, toThreadFailure } from "./thread-failure.ts";

export type Reply<Value> = { readonly value: Value } | ThreadFailure;

/** What to post: what `act` gives, or why it gives nothing. */
export const replyOf = async <Value>(act: () => Value | Promise<Value>): Promise<Reply<Value>> => {
  try {
    return { value: await act() };
  } catch (error) {
    return toThreadFailure(error);
  }
};

/** @throws what `replyOf` caught, of its class */
export const valueOf = <Value>(reply: Reply<Value>): Value => {
  if ("value" in reply) return reply.value;
  throw fromThreadFailure(reply);
};
