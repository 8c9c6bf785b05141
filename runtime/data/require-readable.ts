import { UserError } from "../user-error.ts";
import type { Clip } from "./dataset.ts";
import { describeFaults } from "./describe-faults.ts";

/**
 * @param faults why clips cannot be read
 * @param clips how many there are, with the others
 * @throws UserError that lists all of them
 */
export const requireReadable = (
  faults: ReadonlyMap<Clip, string>,
  clips: number,
  advice = "restore or remove them, or leave them out: --skip-bad",
): void => {
  if (faults.size > 0) throw new UserError(describeFaults(faults.values(), clips, advice));
};
