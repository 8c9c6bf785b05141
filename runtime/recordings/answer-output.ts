import type { EndAnswer, EventAnswer, FailureAnswer, WindowAnswer } from "../evaluate/answers.ts";
import type { Classification } from "../library/model.ts";

/** What is heard in a clip, of which the model hears the beginning. */
export interface ClipAnswer {
  readonly path: string;
  readonly kind: "clip";
  readonly heard: Classification;
}

/** What is told of recordings, in its order. */
export type Answer = ClipAnswer | WindowAnswer | EventAnswer | FailureAnswer | EndAnswer;

/** What becomes of answers: they are printed, written, drawn. One that cannot be made any more throws, which ends the command. */
export interface AnswerOutput {
  /** Takes each answer in its turn; the next is not asked for before it is done. */
  readonly take: (answer: Answer) => Promise<void> | void;
  /** After the last answer. */
  readonly close?: () => Promise<void>;
  /** Instead of `close`, where answers were interrupted. */
  readonly pause?: () => Promise<void>;
  /** After either, and where anything failed. */
  readonly release?: () => Promise<void>;
}
