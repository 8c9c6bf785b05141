import { plural } from "../../compiler/artifact/plural.ts";
import { printable } from "../../compiler/artifact/printable.ts";

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
