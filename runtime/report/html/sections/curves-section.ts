import { type Point, smoothCurve, thinCurve } from "../charts/curves.ts";
import { bestEvaluation } from "../../../runs/run-events.ts";
import { html, type Html } from "../../../text/html.ts";
import { lineChart, type Series } from "../charts/line-chart.ts";
import type { RunEvents } from "../../../runs/run-events.ts";
import type { EpochEvent } from "../../../runs/training-events.ts";

/** Points of one curve; more are not to be seen. */
const mostPoints = 1000;

/** The smoothed loss is a mean over this share of the steps, or over this many at least. */
const [smoothedShare, fewestSmoothed] = [1 / 30, 5];

type Figure = "accuracy" | "mAP" | "AUC" | "dPrime" | "loss" | "trainLoss";

/** How training went: losses, figures and learning rate over epochs. */
export const curvesSection = ({ steps, evaluations }: RunEvents): Html => {
  const [first] = evaluations;
  const stepsPerEpoch = first ? first.step / first.epoch : 1;
  const xLabel = first ? "epoch" : "step";
  const x = [0, (steps.at(-1)?.step ?? 1) / stepsPerEpoch] as const;
  const best = bestEvaluation(evaluations);
  const marker = best && { x: best.step / stepsPerEpoch, label: `best: epoch ${best.epoch}` };

  const perStep = (name: "loss" | "lr"): readonly Point[] =>
    steps.map((step) => ({ x: step.step / stepsPerEpoch, y: step[name] })).filter(({ y }) => Number.isFinite(y));
  const perEpoch = (label: string, color: Series["color"], figure: Figure): Series => ({
    label,
    color,
    kind: "marked",
    points: evaluations.map((event: EpochEvent) => ({ x: event.step / stepsPerEpoch, y: event[figure] ?? NaN })),
  });
  const losses = perStep("loss");
  const reach = Math.ceil(Math.max(fewestSmoothed, losses.length * smoothedShare) / 2);

  const chart = (title: string, ...series: readonly Series[]): Html => lineChart({ title, xLabel, x, marker, series });
  const dPrime = perEpoch("d′", 2, "dPrime");
  return html`<section>
    <h2>Training</h2>
    ${best ? html`<p>The dashed line is the best epoch, ${best.epoch}.</p>` : null}
    <div class="charts">
      ${chart(
        "Loss",
        { label: "training, per step", color: 1, kind: "faint", points: thinCurve(losses, mostPoints) },
        {
          label: "training, smoothed",
          color: 1,
          kind: "line",
          points: thinCurve(smoothCurve(losses, reach), mostPoints),
        },
        perEpoch("evaluation", 2, "loss"),
      )}
      ${
        first
          ? chart(
              "Evaluation",
              perEpoch("accuracy", 3, "accuracy"),
              perEpoch("mAP", 1, "mAP"),
              perEpoch("AUC", 4, "AUC"),
            )
          : null
      }
      ${chart("Learning rate", { label: "learning rate", color: 5, kind: "line", points: thinCurve(perStep("lr"), mostPoints) })}
      ${dPrime.points.some(({ y }) => Number.isFinite(y)) ? chart("Evaluation", dPrime) : null}
    </div>
  </section>`;
};
