/** What takes a thread for as long as it lasts, and tells of it: trainings and evaluations. */
import { existsSync } from "node:fs";
import type { Data, GivenClip } from "../data/sources/given-clips.ts";
import { runFolder } from "../runs/run-folder.ts";
import type { NoteEvent, TrainingEvent } from "../runs/training-events.ts";
import { prepareNewRun } from "../train/prepare-new-run.ts";
import { prepareResumedRun } from "../train/prepare-resumed-run.ts";
import type { MemorySharing } from "../train/require-memory.ts";
import type { PreparedRun } from "../train/prepared-run.ts";
import type { RunOptions } from "../train/run-options.ts";
import { aborted } from "./aborted.ts";
import { type Measuring, type MeasuringHooks, measureGraphs } from "./measure-graphs.ts";
import { runTraining } from "./run-training.ts";
import { trainOnRanks } from "./train-on-ranks.ts";
import type { EvaluationEvent } from "./training.ts";

interface TrainingTask {
  /** How it is one of several processes that train together. */
  readonly distributed: Distributed | undefined;
  readonly options: RunOptions;
  readonly skipBad: boolean | undefined;
  readonly checkpointMinutes: number | undefined;
}

/** A training that begins. */
export interface NewTraining extends TrainingTask {
  readonly kind: "train";
  readonly graph: string;
  /** The run's folder; default: a new one under `runs/`. */
  readonly out: string | undefined;
  readonly overwrite: boolean | undefined;
  /** Whether to go on with a run that is in the folder. */
  readonly resume: boolean | undefined;
  /** A command line, for the record. */
  readonly command: readonly string[];
}

/** A training that goes on. */
export interface ResumedTraining extends TrainingTask {
  readonly kind: "resume";
  readonly folder: string;
  /** Where its graph is by now; default: where it was. */
  readonly graph: string | undefined;
}

export interface Evaluation extends Measuring {
  readonly kind: "evaluate";
}

export type Task = NewTraining | ResumedTraining | Evaluation;

/** What joins the processes of a training. */
export type Distributed = "mpi";

type Lists = Readonly<Record<"data" | "evalData", readonly GivenClip[]>>;

const fill = (data: Data | undefined, lists: Lists): Data | undefined =>
  typeof data === "object" ? { ...data, clips: lists[data.option] } : data;

/** A task whose lists of clips have come apart from it. */
export const withLists = (task: Task, lists: Lists): Task => {
  if (task.kind === "evaluate") return { ...task, data: fill(task.data, lists) };
  const { data, evalData, ...rest } = task.options;
  return { ...task, options: { ...rest, data: fill(data, lists), evalData: fill(evalData, lists) } };
};

/** What is called while a task is at work. */
export type TaskHooks = Omit<MeasuringHooks, "note">;
type Note = (text: string) => void;

const prepare = (
  task: NewTraining | ResumedTraining,
  { signal, onExamined }: TaskHooks,
  note: Note,
  sharing: MemorySharing | undefined,
) => {
  const { graph, options, skipBad } = task;
  const preparing = { skipBad, signal, note, onExamined, sharing };
  if (task.kind === "resume") return prepareResumedRun(task.folder, graph, options, preparing);
  const { out, overwrite, command } = task;
  const isBegun = task.resume === true && out !== undefined && existsSync(runFolder(out).config);
  return isBegun
    ? prepareResumedRun(out, graph, options, preparing)
    : prepareNewRun(task.graph, options, { out, overwrite, command, ...preparing });
};

async function* trainAs(task: NewTraining | ResumedTraining, hooks: TaskHooks, note: Note) {
  const begin = async (sharing?: MemorySharing): Promise<PreparedRun> => {
    const prepared = await prepare(task, hooks, note, sharing);
    if (!prepared) throw aborted();
    return prepared;
  };
  const { checkpointMinutes, distributed, skipBad, options } = task;
  const { signal, onEvaluation } = hooks;
  const execution = { signal, note, checkpointMinutes, ...(onEvaluation ? { onEvaluation } : {}) };
  if (distributed === undefined) yield* runTraining(await begin(), execution);
  else yield* trainOnRanks(JSON.stringify({ resume: task.kind === "resume", ...options, skipBad }), begin, execution);
}

/**
 * What is told of a task, with what is noted of it in between. A training ends with its `done`, though the signal ended it, once
 * it has begun.
 * @throws UserError where it cannot be done; with the code `aborted` where the signal ended it
 */
export async function* performTask(
  task: Task,
  hooks: TaskHooks,
): AsyncGenerator<TrainingEvent | EvaluationEvent, void, undefined> {
  const waiting: NoteEvent[] = [];
  const note = (text: string): void => void waiting.push({ event: "note", text });
  const events = task.kind === "evaluate" ? measureGraphs(task, { ...hooks, note }) : trainAs(task, hooks, note);
  try {
    for await (const event of events) {
      yield* waiting.splice(0);
      yield event;
    }
  } catch (error) {
    yield* waiting.splice(0);
    throw error;
  }
  yield* waiting.splice(0);
}
