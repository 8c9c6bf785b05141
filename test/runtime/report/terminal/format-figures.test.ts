import { expect, test } from "vitest";
import { formatClasses, formatFigures } from "../../../../runtime/report/terminal/format-figures.ts";

test("an evaluation lists the classes that have clips", () => {
  const figures = { clips: 2, loss: 0.5, accuracy: 1, mAP: 1, AUC: null, dPrime: null };
  const perClass = [
    { label: "dog", clips: 2, averagePrecision: 1, rocArea: null, dPrime: null },
    { label: "cat", clips: 0, averagePrecision: null, rocArea: null, dPrime: null },
  ];
  expect(`${formatFigures(figures)}\n\n${formatClasses({ perClass })}`).toBe(
    `loss 0.5000  accuracy 1.0000  mAP 1.0000  AUC -  d' -

class  clips      AP  AUC  d'
dog        2  1.0000    -   -`,
  );
});
