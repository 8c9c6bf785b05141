/** The first of them, and how many more there are. */
export const listNames = (names: readonly string[], shown = 5): string =>
  names.slice(0, shown).join(", ") + (names.length > shown ? ` and ${names.length - shown} more` : "");
