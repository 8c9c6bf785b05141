/** Markup that cannot be broken by what it shows: every text that goes into a template is escaped. */
import { printableLines } from "../../compiler/artifact/printable.ts";

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

const print = (content: Content): string => {
  if (content === null) return "";
  if (typeof content === "string") {
    return printableLines(content).replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
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

/**
 * A box in which what is wider than the page scrolls, by touch, wheel or keys; shaded edges show where there is more, as touch
 * screens show no scroll bars.
 * @param label what a screen reader calls it
 */
export const scrollBox = (label: string, content: Html): Html =>
  html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${content}</div>`;
