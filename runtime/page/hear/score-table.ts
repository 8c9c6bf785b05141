/** Scores as bars with their numbers: a table, which is its own text for those who do not see bars. */
import type { Score } from "../../evaluate/rank-classes.ts";
import { element, named } from "../parts/elements.ts";
import { formatScore } from "../parts/words.ts";

const rowOf = ({ label, score }: Score): HTMLElement => {
  const bar = element("span");
  bar.style.setProperty("--share", String(Math.max(0, Math.min(1, score))));
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, named(label)),
    element("td", { class: "share" }, bar),
    element("td", { class: "number" }, element("data", { value: score }, formatScore(score))),
  );
};

export const fillScores = (body: HTMLElement, scores: readonly Score[]): void =>
  body.replaceChildren(...scores.map(rowOf));

/** @returns the table, and what `fillScores` fills */
export const scoreTable = (caption: string): { readonly table: HTMLElement; readonly body: HTMLElement } => {
  const body = element("tbody");
  const head = element(
    "thead",
    { class: "visually-hidden" },
    element(
      "tr",
      {},
      element("th", { scope: "col" }, "Class"),
      element("td"),
      element("th", { scope: "col" }, "Score"),
    ),
  );
  return { table: element("table", {}, element("caption", {}, caption), head, body), body };
};
