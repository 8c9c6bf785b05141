/** A training as it goes: how far it is, and its curves. */
import { thinCurve, type Point } from "../../report/html/charts/curves.ts";
import { lineChart } from "../../report/html/charts/line-chart.ts";
import { element } from "../parts/elements.ts";

const mostPoints = 400;

export const createProgress = (place: HTMLElement, steps: number, measure: string) => {
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
      title: measure,
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
      losses.push({ x: step, y: value });
      drawSoon();
    },
    measured: (step: number, value: number): void => {
      shares.push({ x: step, y: value });
      drawSoon();
    },
  };
};
