/** A recording's place among the answers. */
import { button, element, freshId, named, tellProblem } from "../parts/elements.ts";

export interface AnswerCard {
  readonly root: HTMLElement;
  readonly body: HTMLElement;
  /** Says how far it is, or what came of it. */
  readonly say: (text: string) => void;
  readonly fail: (sentence: string) => void;
  /** Called when it is taken away. */
  readonly onRemove: (act: () => void) => void;
}

export const createCard = (title: string, place: HTMLElement): AnswerCard => {
  const id = freshId();
  const state = element("p", { class: "soft" });
  const problem = element("p", { class: "problem", role: "alert", hidden: true });
  const body = element("div");
  const ends: (() => void)[] = [];
  const remove = button(
    "Remove",
    () => {
      root.remove();
      for (const act of ends) act();
      place.dispatchEvent(new Event("change"));
    },
    { class: "small", "aria-label": `Remove ${title}` },
  );
  const root = element(
    "article",
    { class: "answer", "aria-labelledby": id },
    element("header", {}, element("h3", { id }, named(title)), remove),
    state,
    problem,
    body,
  );
  place.prepend(root);
  place.dispatchEvent(new Event("change"));
  return {
    root,
    body,
    say: (text) => void (state.textContent = text),
    fail: (sentence) => {
      state.textContent = "";
      tellProblem(problem, sentence);
    },
    onRemove: (act) => void ends.push(act),
  };
};
