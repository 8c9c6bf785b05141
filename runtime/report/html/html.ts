/** Markup that cannot be broken by what it shows: every text that goes into a template is escaped. */

export interface Html {
  readonly markup: string;
}

type Content = Html | string | number | null | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Controls, and marks that reorder the text around them, of which a page would show nothing; but not the ends of lines. */
const invisible = /[^\P{Cc}\n]|\p{Cs}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

const reveal = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

const print = (content: Content): string => {
  if (content === null) return "";
  if (typeof content === "string") {
    return content.replaceAll(invisible, reveal).replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
  }
  if (typeof content === "number") return String(content);
  return "markup" in content ? content.markup : content.map(print).join("");
};

/**
 * Template tag: texts, also those within quoted attributes, are escaped, and what is invisible in them is shown as \u{...}; lists are
 * joined; null is nothing.
 */
export const html = (texts: TemplateStringsArray, ...contents: readonly Content[]): Html => ({
  markup: texts.map((text, index) => text + print(contents[index] ?? null)).join(""),
});
