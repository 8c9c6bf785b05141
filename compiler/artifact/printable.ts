/** Text from files that a terminal does not obey. */

/** Controls, halves of characters, and marks that reorder or end the line around them: a terminal obeys or hides them. */
const hidden = /\p{Cc}|\p{Cs}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

const reveal = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** A name of a file, such as a class or a tensor, on one line: what is hidden in it is shown as \u{...}. */
export const printable = (name: string): string => name.replaceAll(hidden, reveal);

/** Such a name in a sentence. */
export const quoted = (name: string): string => `"${printable(name)}"`;

/** Text of several lines with its tabs, otherwise the same. */
export const printableLines = (text: string): string =>
  text.replaceAll(hidden, (character) => (character === "\n" || character === "\t" ? character : reveal(character)));

/** A value as JSON of the same meaning in which nothing is hidden: `JSON.stringify` lets some of it through. */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    hidden,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
