/** Clips that cannot be read. */
import { plural } from "../../compiler/artifact/plural.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { UserError } from "../user-error.ts";
import type { Clip } from "./dataset.ts";

/** That a clip cannot be read, whatever was to be done with it. */
export class UnreadableClip extends UserError {}

const listedAtMost = 20;

/**
 * Clips that cannot be read, for people.
 * @param reasons one for each, printed on a line of its own whatever the clip is called
 * @param clips how many there are, with the others
 * @param consequence what follows from it
 */
export const describeFaults = (reasons: Iterable<string>, clips: number, consequence?: string): string => {
  const all = [...reasons];
  const rest = all.length - listedAtMost;
  return [
    `${all.length} of ${clips} ${plural(clips, "clip")} cannot be read:`,
    ...all.slice(0, listedAtMost).map((reason) => `  ${printable(reason)}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
    ...(consequence === undefined ? [] : [consequence]),
  ].join("\n");
};

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
