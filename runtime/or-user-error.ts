import { UserError } from "./user-error.ts";

/** What `act` gives, or what is wrong with the user's input, where that is no reason to end. @throws any other error */
export const orUserError = async <Value>(act: () => Value | Promise<Value>): Promise<Value | UserError> => {
  try {
    return await act();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
};
