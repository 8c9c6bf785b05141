/** The first of some names, and a mark where there are more. */
export const shortenList = (names: readonly string[], most: number): string =>
  [...names.slice(0, most), ...(names.length > most ? ["..."] : [])].join(", ");
