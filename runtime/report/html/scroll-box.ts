import { html, type Html } from "./html.ts";

/**
 * A box in which what is wider than the page scrolls, by touch, wheel or keys; shaded edges show where there is more, as touch
 * screens show no scroll bars.
 * @param label what a screen reader calls it
 */
export const scrollBox = (label: string, content: Html): Html =>
  html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${content}</div>`;
