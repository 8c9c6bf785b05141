/** A training's events in TensorBoard. */
import { basename } from "node:path";
import { type EventWriter, openEventWriter } from "./open-event-writer.ts";
import type { Figures } from "../../metrics/figures.ts";
import type { LoggedEvent } from "../../runs/training-events.ts";

/** The figures that the clips define, under a heading of TensorBoard's. */
const tagFigures = (
  heading: string,
  { loss, accuracy, mAP, AUC, dPrime, background }: Figures,
): Record<string, number> =>
  Object.fromEntries(
    Object.entries({ loss, accuracy, mAP, AUC, d_prime: dPrime, false_alarms: background?.falseAlarms }).flatMap(
      ([name, value]) => (value === null || value === undefined ? [] : [[`${heading}/${name}`, value]]),
    ),
  );

const scalarsOf = (event: LoggedEvent): Readonly<Record<string, number>> => {
  switch (event.event) {
    case "step":
      return { "train/loss": event.loss, "train/learning_rate": event.lr };
    case "eval":
      return { ...tagFigures("eval", event), "train/epoch_loss": event.trainLoss };
    case "averaged":
      return tagFigures("eval_averaged", event);
    case "test":
      return tagFigures(`test_${basename(event.graph, ".onnx")}`, event);
  }
};

export interface Board {
  readonly show: (event: LoggedEvent) => void;
  readonly close: () => void;
}

/**
 * @param stepsBefore what earlier files of the run tell beyond these is no longer shown
 * @throws UserError where the folder cannot be written
 */
export const openBoard = (folder: string, stepsBefore: number): Board => {
  const now = (): number => Date.now() / 1000;
  const writer: EventWriter = openEventWriter({ folder, openedAtSeconds: now(), firstStep: stepsBefore + 1 });
  return {
    show: (event) => writer.scalars(scalarsOf(event), event.step, now()),
    close: writer.close,
  };
};
