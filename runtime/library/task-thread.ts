import { setImmediate } from "node:timers/promises";
import type { Data, GivenClip } from "../data/sources/given-clips.ts";
import { groupsOf } from "../data/batches.ts";
import { nodeThreads } from "../threads/node.ts";
import type { TaskAnswer, TaskMessage, TaskRequest } from "./task-worker.ts";
import type { Task } from "./tasks.ts";
import type { Progress } from "./training.ts";

/** So many of a list's clips are sent in about a millisecond. */
const clipsAtOnce = 1000;

const isList = (data: Data | undefined) => typeof data === "object";

const listsOf = (task: Task) =>
  (task.kind === "evaluate" ? [task.data] : [task.options.data, task.options.evalData]).filter(isList);

const bare = (data: Data | undefined): Data | undefined => (isList(data) ? { ...data, clips: [] } : data);

/** Without its lists of clips, which go piece by piece: a thread is started, and a message is sent, in one go. */
const withoutLists = (task: Task): Task => {
  if (task.kind === "evaluate") return { ...task, data: bare(task.data) };
  const { data, evalData, ...rest } = task.options;
  return { ...task, options: { ...rest, data: bare(data), evalData: bare(evalData) } };
};

/** A thread that does a task. It keeps the process alive while it is asked to go on. */
export const startTaskThread = (task: Task, onProgress: (progress: Progress) => void) => {
  let lost: Error | undefined;
  let waiting: { readonly resolve: (answer: TaskAnswer) => void; readonly reject: (error: Error) => void } | undefined;
  const thread = nodeThreads.start<TaskMessage>("library/task-worker", {
    data: withoutLists(task),
    onMessage: (message) => {
      if (message.kind === "progress") onProgress(message.progress);
      else waiting?.resolve(message);
    },
    onStop: (reason) => {
      lost ??= new Error(`the thread stopped: ${reason}`);
      waiting?.reject(lost);
    },
  });
  thread.keepProcess(false);
  const post = (request: TaskRequest): void => thread.post(request);
  return {
    /** To be called once, first. */
    sendLists: async (): Promise<void> => {
      for (const { option, clips = [] } of listsOf(task)) {
        for (const group of groupsOf<GivenClip>(clips, clipsAtOnce)) {
          post({ kind: "clips", option, clips: group });
          await setImmediate();
        }
      }
    },
    /** Has it go on. @throws where the thread has stopped */
    next: async (): Promise<TaskAnswer> => {
      if (lost !== undefined) throw lost;
      thread.keepProcess(true);
      try {
        return await new Promise((resolve, reject) => {
          waiting = { resolve, reject };
          post({ kind: "next" });
        });
      } finally {
        thread.keepProcess(false);
      }
    },
    /** Has it come to its end, as soon as it goes on. */
    stop: (): void => post({ kind: "stop" }),
    end: thread.end,
  };
};
