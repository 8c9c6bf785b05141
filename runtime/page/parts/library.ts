/**
 * `specgraph/web`, which this page uses as any other page does: from the folder `web/` beside it. It is no part of the page's own
 * bundle.
 */
import type { EpochEvent, NoteEvent, StartEvent, StepEvent } from "../../runs/training-events.ts";
import type * as Web from "../../web/index.ts";

/** What is to be learnt. */
export interface TrainOptions {
  readonly classes: readonly { readonly name: string; readonly clips: readonly Blob[] }[];
  readonly epochs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type TrainingEvent =
  | Pick<StartEvent, "event" | "steps" | "device">
  | Pick<StepEvent, "event" | "step" | "loss">
  | Pick<EpochEvent, "event" | "step" | "accuracy" | "mAP">
  | NoteEvent
  | { readonly event: "done"; readonly graph: Blob };

interface Library {
  readonly open: typeof Web.open;
  readonly train?: (graph: Web.WebGraph, options: TrainOptions & Web.WebOpenOptions) => AsyncIterable<TrainingEvent>;
}

const url = new URL("./web/index.js", document.baseURI).href;

export const loadLibrary = (): Promise<Library> => import(/* @vite-ignore */ url) as Promise<Library>;
