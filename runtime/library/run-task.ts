// Before the thread starts, which cannot do it.
import "../engine/disable-telemetry.ts";
import { UserError } from "../user-error.ts";
import { valueOf } from "../threads/reply.ts";
import { aborted } from "./aborted.ts";
import { turnsByDevice } from "./device-turns.ts";
import { startTaskThread } from "./task-thread.ts";
import type { TaskAnswer } from "./task-worker.ts";
import type { Task } from "./tasks.ts";
import type { EvaluationEvent, Progress, TrainingEvent } from "./training.ts";

interface TaskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const isAborted = (error: unknown): boolean => error instanceof UserError && error.code === "aborted";

/** What is told of progress, and what that threw, if it did. */
const watch = (onProgress: (progress: Progress) => void) => {
  let thrown: { readonly error: unknown } | undefined;
  const tell = (progress: Progress): void => {
    try {
      onProgress(progress);
    } catch (error) {
      thrown ??= { error };
    }
  };
  return { tell, thrown: () => thrown };
};

/**
 * Does a task in a thread of its own, and gives its events as they are asked for: it goes on when the next one is. Who leaves
 * the loop ends it as the signal does: a training saves, and lets its folder go.
 * @throws UserError where the task does, or the signal ended it before it had begun
 */
export async function* runTask(
  task: Task,
  { signal, onProgress = () => undefined }: TaskOptions,
): AsyncGenerator<TrainingEvent | EvaluationEvent, void, undefined> {
  if (signal?.aborted) throw aborted(signal);
  const { tell, thrown } = watch(onProgress);
  const thread = startTaskThread(task, tell);
  let device: keyof typeof turnsByDevice | undefined;
  /** A piece of work; where it computes, on its turn. */
  const goOn = async (): Promise<TaskAnswer> => {
    const endTurn = device && (await turnsByDevice[device].take());
    try {
      return await thread.next();
    } finally {
      endTurn?.();
    }
  };
  signal?.addEventListener("abort", thread.stop);
  /** While it waits to be asked to go on. */
  let isWaiting = false;
  try {
    await thread.sendLists();
    for (;;) {
      const answer = await goOn();
      if (answer.kind === "end") return valueOf(answer.reply);
      isWaiting = true;
      const failure = thrown();
      if (failure) throw failure.error;
      if (answer.kind === "event") {
        if (answer.event.event === "start") device = answer.event.device.kind;
        yield answer.event;
      }
      isWaiting = false;
    }
  } catch (error) {
    throw signal?.aborted && isAborted(error) ? aborted(signal) : error;
  } finally {
    signal?.removeEventListener("abort", thread.stop);
    if (isWaiting) await finish(thread.stop, goOn);
    await thread.end();
  }
}

/** @throws UserError where what is done cannot be saved */
const finish = async (stop: () => void, goOn: () => Promise<TaskAnswer>): Promise<void> => {
  stop();
  let answer = await goOn();
  while (answer.kind !== "end") answer = await goOn();
  try {
    valueOf(answer.reply);
  } catch (error) {
    if (!isAborted(error)) throw error;
  }
};
