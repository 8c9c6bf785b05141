/** Elements of the page: those that its markup has, and those that are made. */
import { printableLines } from "../../../compiler/artifact/printable.ts";

/** The element of the page's markup with this id. */
export const byId = <Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind => {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} ${id}`);
};

type Content = Node | string;

/** An attribute; true: it is there, false or undefined: it is not. */
type Attribute = string | number | boolean | undefined;

export const element = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...contents: readonly Content[]
): HTMLElementTagNameMap[Tag] => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...contents);
  return made;
};

/** A text of a file's or a graph's: its direction is its own, and what is hidden in it is shown. */
export const named = (text: string): HTMLElement => element("bdi", {}, printableLines(text));

export const button = (text: string, act: () => void, attributes: Readonly<Record<string, Attribute>> = {}) => {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", act);
  return made;
};

/** A sentence that is read out when it appears; undefined takes it away. */
export const tellProblem = (place: HTMLElement, sentence: string | undefined): void => {
  place.hidden = sentence === undefined;
  place.textContent = sentence === undefined ? "" : printableLines(sentence);
};

let made = 0;
/** An id that nothing else has. */
export const freshId = (): string => `made-${(made += 1)}`;

/** The files that are chosen or dropped, each time. */
export const onFiles = (place: HTMLElement, input: HTMLInputElement, take: (files: readonly File[]) => void): void => {
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    // The same files again are a change, too.
    input.value = "";
    if (files.length > 0) take(files);
  });
  const mark = (isOver: boolean): void => void place.classList.toggle("over", isOver);
  place.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files") || input.disabled) return;
    event.preventDefault();
    mark(true);
  });
  place.addEventListener("dragleave", () => mark(false));
  place.addEventListener("drop", (event) => {
    mark(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0 || input.disabled) return;
    event.preventDefault();
    event.stopPropagation();
    take(files);
  });
};
