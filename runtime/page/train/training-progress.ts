/** A training as it goes: how far it is, and its curves. */
import { thinCurve, type Point } from "../../report/html/charts/curves.ts";
import { lineChart } from "../../report/html/charts/line-chart.ts";
import { element } from "../parts/elements.ts";

const mostPoints = 400;

/** Adds a point: where a training goes on from an earlier step, in the place of those that are told again. */
const goOn = (points: Point[], point: Point): void => {
  while ((points.at(-1)?.x ?? -Infinity) >= point.x) points.pop();
  points.push(point);
};

export const createProgress = (place: HTMLElement, steps: number) => {
  const bar = element("progress", { max: steps, value: 0, "aria-label": "Progress of the training" });
  const [loss, share] = [element("div"), element("div")];
  place.replaceChildren(bar, element("div", { class: "charts" }, loss, share));
  place.hidden = false;
  const losses: Point[] = [];
  const shares: Point[] = [];
  let isDue = false;
  const draw = (): void => {
    isDue = false;
    const x = [0, steps] as const;
    // Markup in which every text is escaped: see text/html.ts.
    loss.innerHTML = lineChart({
      title: "Loss",
      xLabel: "step",
      x,
      series: [{ label: "of each step", color: 1, kind: "line", points: thinCurve(losses, mostPoints) }],
    }).markup;
    share.innerHTML = lineChart({
      title: "Accuracy",
      xLabel: "step",
      x,
      y: [0, 1],
      series: [{ label: "of clips held out", color: 2, kind: "marked", points: shares }],
    }).markup;
  };
  const drawSoon = (): void => {
    if (!isDue) requestAnimationFrame(draw);
    isDue = true;
  };
  return {
    step: (step: number, value: number): void => {
      bar.value = step;
      goOn(losses, { x: step, y: value });
      drawSoon();
    },
    measured: (step: number, value: number): void => {
      goOn(shares, { x: step, y: value });
      drawSoon();
    },
  };
};
