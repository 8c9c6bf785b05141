/** Where a training keeps what it comes to: a run's folder on the disk, or memory. */
import type { Artifact } from "../artifact/decode-artifact.ts";
import type { HostTensor } from "../engine/engine.ts";
import type { TrainingSession } from "../engine/training-session.ts";
import type { ClipPredictions } from "../evaluate/predict.ts";
import type { LoggedEvent } from "../runs/training-events.ts";
import type { TrainingProgress } from "../runs/training-progress.ts";
import type { ParameterSum } from "./weight-average.ts";

/** The graphs of a training: with the last parameters, with those of the best epoch, and with the mean of several epochs'. */
export type GraphKind = "last" | "best" | "averaged";

/** What is replaced stays as it was until all that replaces it is there. */
export interface Keeper {
  /** What events call a graph; null where it was not kept yet, or has no name. */
  readonly nameOf: (kind: GraphKind) => string | null;
  /** Puts an event on record, before it is told. */
  readonly record: (event: LoggedEvent) => void;
  /**
   * @param read a parameter's values, on the host
   * @param predictions what they answer to the evaluation clips, where that is known
   */
  readonly saveGraph: (
    kind: GraphKind,
    artifact: Artifact,
    read: (name: string) => Promise<HostTensor>,
    predictions: ClipPredictions | undefined,
  ) => Promise<void>;
  /** A graph that is kept. */
  readonly openGraph: (kind: GraphKind) => Artifact | Promise<Artifact>;
  /** @param requireFinite given each float32 state before it is kept; an error of its ends the keeping */
  readonly saveState: (
    progress: TrainingProgress,
    session: Pick<TrainingSession, "changing" | "read">,
    sums: readonly ParameterSum[],
    requireFinite: (name: string, values: Float32Array) => void,
  ) => Promise<void>;
  readonly close: () => Promise<void>;
}
