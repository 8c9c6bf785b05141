import { UserError } from "../user-error.ts";
import type { Clip } from "./dataset.ts";
import { describeFaults } from "./describe-faults.ts";

/**
 * @param faults why clips cannot be read
 * @param clips how many there are, with the others
 * @param isBegun whether they could be read when the run began
 * @throws UserError that lists all of them
 */
export const requireReadable = (faults: ReadonlyMap<Clip, string>, clips: number, isBegun = false): void => {
  if (faults.size > 0)
    throw new UserError(
      "clips-unreadable",
      { clips: [...faults.keys()].map(({ name }) => name), isBegun },
      describeFaults(faults.values(), clips),
    );
};
