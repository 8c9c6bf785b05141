import type { Figures } from "../metrics/summarize.ts";

/** What training tells as it goes. Epochs and steps count from 1; steps run on through epochs. */
export type TrainEvent =
  | {
      readonly event: "step";
      readonly epoch: number;
      readonly step: number;
      /** Mean over the step's clips, before the step. */
      readonly loss: number;
      readonly lr: number;
    }
  | ({
      readonly event: "eval";
      readonly epoch: number;
      readonly step: number;
      /** Mean over the clips that the epoch trained on. */
      readonly trainLoss: number;
      /** Whether no earlier epoch was as good: it is in best.onnx. */
      readonly best: boolean;
    } & Figures)
  /** Of the averaged parameters of so many epochs. */
  | ({ readonly event: "averaged"; readonly epochs: number; readonly step: number } & Figures)
  /** Of a graph that training chose, on the clips that had no part in that. */
  | ({ readonly event: "test"; readonly graph: string; readonly step: number } & Figures)
  | {
      readonly event: "done";
      /** The last one saved; null where an interruption came before the first. */
      readonly graph: string | null;
      /** The graph of the best evaluation, and the averaged one; null where there is none. */
      readonly best: string | null;
      readonly averaged: string | null;
      readonly epochs: number;
      readonly steps: number;
      readonly interrupted: boolean;
    };
