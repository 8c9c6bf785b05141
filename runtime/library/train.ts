import { realpathSync } from "node:fs";
import { resolve as resolvePath } from "node:path";
import { prepareProcess } from "../distributed/launched.ts";
import type { TrainingEvent } from "../runs/training-events.ts";
import { UserError } from "../user-error.ts";
import { checkPath } from "./check-paths.ts";
import { checkResumeOptions, checkTrainOptions } from "./check-run-options.ts";
import { runTask } from "./run-task.ts";
import type { ResumeOptions, TrainOptions } from "./training.ts";

type Events = AsyncGenerator<TrainingEvent, void, undefined>;

/** The folders of runs that are at work here, whose locks name this process, too. */
const held = new Set<string>();

/** Whatever it is called. */
const placeOf = (folder: string): string => {
  try {
    return realpathSync(folder);
  } catch {
    return resolvePath(folder);
  }
};

/** @throws UserError where another run of this process is in the folder */
async function* holding(folder: string | undefined, events: Events): Events {
  const places: string[] = [];
  const hold = (folder: string): void => {
    const place = placeOf(folder);
    if (places.includes(place)) return;
    if (held.has(place)) {
      const facts = { path: folder, pid: process.pid };
      throw new UserError("run-locked", facts, "this process is training there already; wait for its end or abort it");
    }
    held.add(place);
    places.push(place);
  };
  try {
    if (folder !== undefined) hold(folder);
    for await (const event of events) {
      // A folder that was not there may be called otherwise by now, or was not named.
      if (event.event === "start") hold(event.folder);
      yield event;
    }
  } finally {
    for (const place of places) held.delete(place);
  }
}

/**
 * Trains a graph on labelled clips, in a thread of its own, into a run's folder: as `runtime train` does, whose `--json` prints
 * the same events. It begins when the first event is asked for, and goes on when the next one is. Whoever leaves the loop, or
 * aborts, ends it after the step at hand: what is trained is saved, and `resume` goes on to the same result, bit for bit.
 * @param graph a graph.onnx, by its path or `file:` URL
 * @throws UserError where the graph or the clips cannot be read, an option is wrong, or the folder cannot be used; with the
 * code `aborted` where the signal ended it before it had begun
 */
export async function* train(graph: string | URL, options: TrainOptions = {}): Events {
  const { task, ...others } = await checkTrainOptions(checkPath("graph", graph), options);
  if (task.distributed !== undefined) prepareProcess();
  yield* holding(task.out, runTask(task, others) as Events);
}

/**
 * Goes on with a run that was interrupted, as if it had never stopped; or, with `epochs`, with one that is at its end.
 * @param folder the run's, by its path or `file:` URL
 * @throws UserError as `train` does, and where the folder holds no run, or something that decides it has changed
 */
export async function* resume(folder: string | URL, options: ResumeOptions = {}): Events {
  const { task, ...others } = await checkResumeOptions(checkPath("folder", folder), options);
  if (task.distributed !== undefined) prepareProcess();
  yield* holding(task.folder, runTask(task, others) as Events);
}
