/** What is told of recordings, one after another: answers of several kinds, of which the last of each recording is its end. */
import { UserError } from "../user-error.ts";
import type { Score } from "./rank-classes.ts";

/** A window, and what is heard in it. */
export interface WindowScores {
  /** Where its first sample lies in the recording, and where the one after the last would. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** One of each class, from 0 to 1, by index. */
  readonly scores: Float32Array;
  /** Whether none of the classes is heard, where that was asked for. */
  readonly rejected?: boolean | undefined;
}

/** A stretch in which a class is heard, and the highest score that it has in a window of it. */
export interface SoundEvent extends Omit<WindowScores, "scores" | "rejected">, Score {}

interface Of {
  /** The recording's. */
  readonly path: string;
}

export interface WindowAnswer extends Of {
  readonly kind: "window";
  readonly window: WindowScores;
}

export interface EventAnswer extends Of {
  readonly kind: "event";
  readonly event: SoundEvent;
}

/** Why a recording is not heard, or not from a place on: after what was heard until there. */
export interface FailureAnswer extends Of {
  readonly kind: "failure";
  readonly error: UserError;
}

/** Nothing more is told of this recording. */
export interface EndAnswer extends Of {
  readonly kind: "end";
}

/** What is told of one recording by its windows, which may break off. */
export async function* answersAbout(
  path: string,
  windows: AsyncIterable<WindowScores>,
): AsyncGenerator<WindowAnswer | FailureAnswer | EndAnswer, void, undefined> {
  try {
    for await (const window of windows) yield { path, kind: "window", window };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    yield { path, kind: "failure", error };
  }
  yield { path, kind: "end" };
}
