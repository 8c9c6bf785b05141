/**
 * The thread of a training or an evaluation. It does one piece of work each time that it is asked to go on, up to an event or a
 * pause, and tells what came of it; so whoever asks holds the device meanwhile, and gives it to others in between.
 */
import type { GivenClip } from "../data/sources/given-clips.ts";
import { nodeParent } from "../threads/node.ts";
import { type Reply, replyOf } from "../threads/reply.ts";
import { performTask, type Task, withLists } from "./tasks.ts";
import type { EvaluationEvent, Progress, TrainingEvent } from "./training.ts";

/** What it is sent: clips that a program lists, piece by piece, before it is asked to go on. */
export type TaskRequest =
  | { readonly kind: "clips"; readonly option: "data" | "evalData"; readonly clips: readonly GivenClip[] }
  | { readonly kind: "next" }
  | { readonly kind: "stop" };

/** What answers that it is to go on. */
export type TaskAnswer =
  | { readonly kind: "event"; readonly event: TrainingEvent | EvaluationEvent }
  /** A piece of work is done. */
  | { readonly kind: "pause" }
  | { readonly kind: "end"; readonly reply: Reply<void> };

/** What it says; progress unasked. */
export type TaskMessage = TaskAnswer | { readonly kind: "progress"; readonly progress: Progress };

/** Opening clips is told of no more often. */
const examinedEveryMs = 100;

const parent = await nodeParent<Task>();
const post = (message: TaskMessage): void => parent.post(message);

const interruption = new AbortController();
const lists: Record<"data" | "evalData", GivenClip[]> = { data: [], evalData: [] };

let goOn = (): void => undefined;
const asked = (): Promise<void> =>
  new Promise((resolve) => {
    goOn = resolve;
  });
let nextTurn = asked();

/** Answers, and waits until it is asked to go on. */
const answer = async (message: TaskAnswer): Promise<void> => {
  nextTurn = asked();
  post(message);
  await nextTurn;
};

parent.onMessage((request: TaskRequest) => {
  if (request.kind === "clips") lists[request.option].push(...request.clips);
  if (request.kind === "stop") interruption.abort();
  if (request.kind === "next") goOn();
});

let examinedAt = 0;
const hooks = {
  signal: interruption.signal,
  onExamined: (clips: number, of: number): void => {
    if (clips < of && performance.now() - examinedAt < examinedEveryMs) return;
    examinedAt = performance.now();
    post({ kind: "progress", progress: { task: "opening", clips, of } });
  },
  onEvaluation: async (clips: number, of: number): Promise<void> => {
    post({ kind: "progress", progress: { task: "evaluating", clips, of } });
    await answer({ kind: "pause" });
  },
};

await nextTurn;
const reply = await replyOf(async () => {
  for await (const event of performTask(withLists(parent.data, lists), hooks)) {
    await answer({ kind: "event", event });
  }
});
post({ kind: "end", reply });
