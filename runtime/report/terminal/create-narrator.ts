import { plural } from "../../../compiler/artifact/plural.ts";
import { basename } from "node:path";
import type { Recipe } from "../../../compiler/artifact/recipe.ts";
import { formatBytes, formatFigure } from "../../../compiler/artifact/format-number.ts";
import { formatFigures } from "./format-figures.ts";
import { createProgress } from "../../text/create-progress.ts";
import type { TrainOptions } from "../../train/training.ts";
import { countSteps } from "../../train/run-epoch.ts";
import type { TrainEvent } from "../../runs/run-events.ts";
import { beginning } from "../../runs/training-progress.ts";

/** How much of the smoothed loss each new one leaves. */
const smoothing = 0.95;

/** The loss as the progress bar shows it: a running mean, whose weights fall with age. */
const smoothLoss = (): ((loss: number) => number) => {
  let [sum, weight] = [0, 0];
  return (loss) => {
    sum = smoothing * sum + (1 - smoothing) * loss;
    weight = smoothing * weight + (1 - smoothing);
    return sum / weight;
  };
};

type Done = Extract<TrainEvent, { event: "done" }>;

/** Why a training ended sooner, or with less, than its recipe leads one to expect. */
const explainEnd = ({ earlyStopping, averaging }: Recipe, totalSteps: number, done: Done): readonly string[] => {
  if (done.interrupted) return [];
  const isEarly = earlyStopping !== null && done.steps < totalSteps;
  const stalled = earlyStopping?.patience === 1 ? "epoch" : `${earlyStopping?.patience} epochs`;
  const lacksAverage = averaging !== null && done.averaged === null;
  return [
    ...(isEarly ? [`ended early: no better ${earlyStopping.figure} in the last ${stalled}`] : []),
    ...(lacksAverage
      ? [
          `no averaged graph: training ended after epoch ${done.epochs}, before epoch ${averaging.from}, where averaging begins`,
        ]
      : []),
  ];
};

/** What people look at. */
export interface Screen {
  readonly result: (line: string) => void;
  /** Where a progress bar may be drawn. */
  readonly terminal: NodeJS.WriteStream | undefined;
}

export interface Narrator {
  readonly tell: (event: TrainEvent) => void;
  /** @param clips that are evaluated so far, of all there are */
  readonly onEvaluation: (clips: number, of: number) => void;
  /** Removes the progress bar. */
  readonly clear: () => void;
}

/** Tells people how training goes: a progress bar, and a line for each evaluation. */
export const createNarrator = (
  options: Pick<TrainOptions, "recipe" | "clips" | "steps" | "checkpoint">,
  { result, terminal }: Screen,
): Narrator => {
  const { recipe, checkpoint } = options;
  const total = countSteps(options);
  let { steps: step } = checkpoint?.progress ?? beginning;
  const progress = createProgress(total, recipe.batch, terminal, step);
  const smooth = smoothLoss();
  const epochs = Number.isFinite(recipe.epochs) ? `/${recipe.epochs}` : "";
  const memory = (): string => formatBytes(process.memoryUsage.rss());
  return {
    clear: progress.clear,
    onEvaluation: (done, of) => progress.update(step, `evaluating ${done}/${of}  ${memory()}`),
    tell: (event: TrainEvent): void => {
      if (event.event === "step") {
        ({ step } = event);
        progress.update(step, `epoch ${event.epoch}${epochs}  loss ${smooth(event.loss).toFixed(4)}  ${memory()}`);
        return;
      }
      progress.clear();
      if (event.event === "eval")
        result(
          `epoch ${event.epoch}  training loss ${formatFigure(event.trainLoss)}  evaluation ${formatFigures(event)}${event.best ? "  best" : ""}`,
        );
      if (event.event === "averaged")
        result(`mean of ${event.epochs} ${plural(event.epochs, "epoch")}  ${formatFigures(event)}`);
      if (event.event === "test") result(`test, ${basename(event.graph)}  ${formatFigures(event)}`);
      if (event.event === "done") for (const line of explainEnd(recipe, total, event)) result(line);
    },
  };
};
