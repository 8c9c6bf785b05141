import { plural } from "../../../compiler/artifact/plural.ts";
import { basename } from "node:path";
import { formatBytes, formatDuration, formatFigure } from "../../../compiler/artifact/format-number.ts";
import { formatFigures } from "./format-figures.ts";
import { createProgress } from "../../text/create-progress.ts";
import type { PaceEvent, StartEvent, TrainingEvent } from "../../runs/training-events.ts";

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

/** What people look at. */
export interface Screen {
  readonly result: (line: string) => void;
  readonly progress: (line: string) => void;
  /** Where a progress bar may be drawn. */
  readonly terminal: NodeJS.WriteStream | undefined;
}

export interface Narrator {
  readonly tell: (event: TrainingEvent) => void;
  /** @param clips that are evaluated so far, of all there are */
  readonly onEvaluation: (clips: number, of: number) => void;
  /** Removes the progress bar. */
  readonly clear: () => void;
}

/** A smaller share of a step is no wait worth a word. */
const waitToTell = 0.02;

const describePace = ({ secondsPerStep, secondsWaiting, secondsLeft }: PaceEvent): string => {
  const step = secondsPerStep < 1 ? `${(1000 * secondsPerStep).toFixed(0)} ms` : formatDuration(secondsPerStep);
  const share = secondsWaiting / secondsPerStep;
  const wait = share < waitToTell ? "" : `, ${(100 * share).toFixed(0)} % of them waiting for clips`;
  return `${step} a step${wait}, about ${formatDuration(secondsLeft)} to the end`;
};

/** Tells people how training goes: a progress bar, a line for each evaluation, and the pace, again where no bar shows it. */
export const createNarrator = (
  { steps: total, stepsDone, epochs: wanted, batch }: Pick<StartEvent, "steps" | "stepsDone" | "epochs" | "batch">,
  { result, progress: say, terminal }: Screen,
): Narrator => {
  let [step, isPaced] = [stepsDone, false];
  const progress = createProgress(total, batch, terminal, step);
  const smooth = smoothLoss();
  const epochs = wanted === null ? "" : `/${wanted}`;
  const memory = (): string => formatBytes(process.memoryUsage.rss());
  return {
    clear: progress.clear,
    onEvaluation: (done, of) => progress.update(step, `evaluating ${done}/${of}  ${memory()}`),
    tell: (event): void => {
      if (event.event === "step") {
        ({ step } = event);
        progress.update(step, `epoch ${event.epoch}${epochs}  loss ${smooth(event.loss).toFixed(4)}  ${memory()}`);
        return;
      }
      if (event.event === "pace" && isPaced && terminal) return;
      progress.clear();
      if (event.event === "pace") {
        isPaced = true;
        say(describePace(event));
      }
      if (event.event === "eval")
        result(
          `epoch ${event.epoch}  training loss ${formatFigure(event.trainLoss)}  evaluation ${formatFigures(event)}${event.best ? "  best" : ""}`,
        );
      if (event.event === "averaged")
        result(`mean of ${event.epochs} ${plural(event.epochs, "epoch")}  ${formatFigures(event)}`);
      if (event.event === "test") result(`test, ${basename(event.graph)}  ${formatFigures(event)}`);
    },
  };
};
