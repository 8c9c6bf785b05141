import type { Where } from "../../user-error.ts";
import type { Split } from "../dataset.ts";

/** A clip as its source lists it, before its labels are looked up among the graph's classes. */
export interface ListedClip {
  readonly path: string;
  /** The same without links, where that is another. */
  readonly realPath?: string | undefined;
  /** Each label by the names it may go by in the graph, the usual one first. */
  readonly labels: readonly Label[];
  readonly split?: Split | undefined;
  readonly fold?: number | undefined;
  /** Where it is listed, for messages: the file and line, or the folder. */
  readonly where: () => Where;
}

export type Label = readonly [string, ...string[]];

export interface Listing {
  readonly clips: readonly ListedClip[];
  /** What the user should know of how it was read. */
  readonly notes: readonly string[];
}
