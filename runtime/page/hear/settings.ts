/** How recordings that are longer than what the model hears are gone through, and what makes an event. */
import type { ModelMetadata } from "../../library/model.ts";
import { byId, element } from "../parts/elements.ts";

export interface Settings {
  readonly windowSeconds: number;
  readonly threshold: number | Readonly<Record<string, number>>;
  readonly merge: boolean;
}

const offered = [0.5, 1, 2, 3, 5, 10, 15, 20, 30];
/** As the library's default. */
const mostByDefault = 10;

/** Two decimals, and no zeros at their end. */
const tell = (seconds: number): string => `${Number(seconds.toFixed(2))} s`;

/** The settings' fields. @param onChange told when events are to be found anew */
export const createSettings = (onChange: () => void) => {
  const window = byId("window", HTMLSelectElement);
  const threshold = byId("threshold", HTMLInputElement);
  const value = byId("threshold-value", HTMLOutputElement);
  const own = byId("own-thresholds", HTMLElement);
  const best = byId("best", HTMLInputElement);
  const merge = byId("merge", HTMLInputElement);
  let thresholds: ModelMetadata["thresholds"];

  const change = (): void => {
    value.textContent = Number(threshold.value).toFixed(2);
    threshold.disabled = best.checked;
    onChange();
  };
  for (const field of [threshold, best, merge]) field.addEventListener("input", change);

  return {
    /** Fits the fields to another graph. */
    fit: ({ leastSeconds, mostSeconds, thresholds: measured }: ModelMetadata): void => {
      thresholds = measured;
      own.hidden = thresholds === undefined;
      best.checked = thresholds !== undefined;
      const usual = Math.min(mostSeconds, mostByDefault);
      const lengths = new Set([
        ...offered.filter((each) => each >= leastSeconds && each < mostSeconds),
        usual,
        mostSeconds,
      ]);
      window.replaceChildren(
        ...[...lengths]
          .toSorted((a, b) => a - b)
          .map((each) => element("option", { value: each, selected: each === usual }, tell(each))),
      );
      change();
    },
    current: (): Settings => ({
      windowSeconds: Number(window.value),
      threshold: best.checked && thresholds !== undefined ? thresholds : Number(threshold.value),
      merge: merge.checked,
    }),
  };
};
