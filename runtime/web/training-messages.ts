/** What a page and the thread of its training send each other. */
import type { ClipRequirements } from "../audio/load-clip.ts";
import type { DeviceName } from "../engine/device.ts";
import type { EndEvent, LoggedEvent, NoteEvent, PaceEvent } from "../runs/training-events.ts";
import type { RecipeOptions } from "../train/recipe-options.ts";
import type { Reply } from "../threads/reply.ts";
import type { Graphs, Kept } from "./keep-in-memory.ts";
import type { GraphFiles } from "./read-graph.ts";
import type { WebStartEvent } from "./training.ts";

/** What the thread is started with. */
export interface TrainingOpening {
  readonly files: GraphFiles;
  readonly classes: readonly string[];
  readonly recipe: RecipeOptions;
  readonly device: DeviceName | undefined;
  /** What an earlier thread has kept. */
  readonly kept: Kept | undefined;
}

/** A clip, as far as the model hears it. */
export interface OpenedClip {
  readonly name: string;
  readonly classIndex: number;
  readonly split: "train" | "validation" | undefined;
  readonly samples: Float32Array<ArrayBuffer>;
  /** Of a file: what tells it from others. */
  readonly fingerprint: string | undefined;
}

export type TrainingRequest =
  | { readonly kind: "clips"; readonly clips: readonly OpenedClip[] }
  | { readonly kind: "next" }
  | { readonly kind: "stop" };

/** A training as its thread tells it: the end has its graphs. */
export type ThreadEvent =
  | WebStartEvent
  | NoteEvent
  | PaceEvent
  | LoggedEvent
  | (Pick<EndEvent, "event" | "epochs" | "steps" | "interrupted"> & { readonly graphs: Graphs });

export type TrainingMessage =
  /** The graph can be trained; its clips are waited for. */
  | { readonly kind: "opened"; readonly requirements: Required<ClipRequirements> }
  | { readonly kind: "progress"; readonly clips: number; readonly of: number }
  | { readonly kind: "kept"; readonly kept: Kept }
  | { readonly kind: "event"; readonly event: ThreadEvent }
  /** The GPU is lost, and the thread of no more use. */
  | { readonly kind: "lost"; readonly reason: string }
  | { readonly kind: "end"; readonly reply: Reply<void> };
