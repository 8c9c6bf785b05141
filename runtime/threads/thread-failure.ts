import { UserError } from "../user-error.ts";

/** An error as a thread tells it. Its class does not survive the way, so the user's own mistakes are marked. */
export type ThreadFailure =
  | { readonly userError: Pick<UserError, "code" | "facts" | "sentence"> }
  | { readonly defect: unknown };

export const toThreadFailure = (error: unknown): ThreadFailure => {
  if (!(error instanceof UserError)) return { defect: error };
  const { code, facts, sentence } = error;
  return { userError: { code, facts, sentence } };
};

export const fromThreadFailure = (failure: ThreadFailure): Error => {
  if ("userError" in failure) {
    const { code, facts, sentence } = failure.userError;
    return new UserError(code, facts, sentence);
  }
  return failure.defect instanceof Error ? failure.defect : new Error(String(failure.defect));
};
