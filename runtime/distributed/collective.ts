/** How one ends: with all others, at the same point; where all have been told of it; or without their knowledge. */
export type Ending = "together" | "told" | "alone";

/** What processes do together, whatever joins them (`mpi.ts`): all call the same functions, in the same order. */
export interface Collective {
  /** This process's number, from 0. */
  readonly rank: number;
  /** How many they are. */
  readonly size: number;
  /** The machine of each, by rank. */
  readonly hosts: readonly string[];
  /** @param own as many bytes as the others' @returns those of all, by rank */
  readonly allGather: (own: Uint8Array) => Promise<Uint8Array<ArrayBuffer>>;
  /** Has bytes become those of one rank. @param bytes as many as that rank's */
  readonly broadcast: (bytes: Uint8Array, from: number) => Promise<void>;
  /** Adds up arrays over all ranks, in place: each is on its way while the next one is made. All ranks get the same bits. */
  readonly sum: (arrays: Iterable<Float32Array>) => Promise<void>;
  /** @returns the ranks that were to end together with it, and have not for too long */
  readonly close: (ending: Ending) => Promise<readonly number[]>;
}
