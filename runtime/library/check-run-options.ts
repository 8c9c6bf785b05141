/** The options of trainings and evaluations, as programs without types may give them: made into tasks. */
import { setImmediate } from "node:timers/promises";
import * as v from "valibot";
import { printable } from "../../compiler/artifact/printable.ts";
import { count, flag, length, whole } from "../../compiler/artifact/schemas.ts";
import type { Data, GivenClip } from "../data/sources/given-clips.ts";
import type { RunOptions } from "../train/run-options.ts";
import { UserError } from "../user-error.ts";
import { above0, checkOptions, device, show, signal } from "./check-arguments.ts";
import { path } from "./check-paths.ts";
import type { Evaluation, NewTraining, ResumedTraining, Task } from "./tasks.ts";
import type { EvaluateOptions, Progress, ResumeOptions, TrainOptions } from "./training.ts";

const fold = whole(0, Number.MAX_SAFE_INTEGER);

/** Of a list the clips are looked at later, some at a time. */
const data = v.union([path, v.array(v.unknown())], "a path, a file: URL, or an array of clips");

const dataEntries = {
  data: v.optional(data),
  labels: v.optional(path),
  fold: v.optional(fold),
  skipBad: v.optional(flag),
  batch: v.optional(count),
  device: v.optional(device),
  signal: v.optional(signal),
  onProgress: v.optional(v.custom<(progress: Progress) => void>((given) => typeof given === "function", "a function")),
};
const runEntries = {
  ...dataEntries,
  evalData: v.optional(data),
  epochs: v.optional(length),
  steps: v.optional(length),
  learningRate: v.optional(above0),
  seed: v.optional(whole(0, Number.MAX_SAFE_INTEGER)),
  checkpointMinutes: v.optional(above0),
  distributed: v.optional(v.literal("mpi", "mpi")),
};
const trainSchema = v.strictObject({
  ...runEntries,
  out: v.optional(path),
  overwrite: v.optional(flag),
  resume: v.optional(flag),
  command: v.optional(v.array(v.string("an array of texts"), "an array of texts")),
});
const resumeSchema = v.strictObject({ ...runEntries, graph: v.optional(path) });
const evaluateSchema = v.strictObject({ ...dataEntries, all: v.optional(flag) });

const expectedLabels = "a label, or an array of them";
const label = v.pipe(v.string(expectedLabels), v.nonEmpty("a label that is not empty"));
const clipEntries = {
  path,
  labels: v.union([label, v.pipe(v.array(label, expectedLabels), v.nonEmpty(expectedLabels))], expectedLabels),
  split: v.optional(v.picklist(["train", "validation", "test"], "train, validation or test")),
  fold: v.optional(fold),
};
const clipSchema = v.strictObject(clipEntries, "{ path, labels }");

/** So many clips of a list are looked at in about a millisecond. */
const clipsAtOnce = 1000;

const refuseClip = (place: string, given: unknown, issue: v.BaseIssue<unknown>): never => {
  const [key] = issue.path ?? [];
  if (key === undefined) {
    throw new UserError("option-invalid", { option: place }, `is ${show(given)}; expected ${issue.message}`);
  }
  const name = String(key.key);
  const value = (given as Readonly<Record<string, unknown>>)[name];
  // Of what is missing, the issue's message is the clip's.
  const [wrong] = Object.entries(clipEntries).flatMap(([each, schema]) =>
    each === name ? (v.safeParse(schema, value).issues ?? []) : [],
  );
  throw new UserError(
    "option-invalid",
    { option: printable(`${place}.${name}`) },
    wrong
      ? `is ${show(value)}; expected ${wrong.message}`
      : `is nothing that a clip has; there are ${Object.keys(clipEntries).join(", ")}`,
  );
};

const checkClips = async (option: "data" | "evalData", given: readonly unknown[]): Promise<readonly GivenClip[]> => {
  if (given.length === 0)
    throw new UserError("option-invalid", { option }, "is an empty array; expected one clip or more");
  const clips: GivenClip[] = [];
  for (const [index, clip] of given.entries()) {
    if (index % clipsAtOnce === clipsAtOnce - 1) await setImmediate();
    const parsed = v.safeParse(clipSchema, clip);
    if (!parsed.success) refuseClip(`${option}[${index}]`, clip, parsed.issues[0]);
    else {
      const { labels, ...rest } = parsed.output;
      clips.push({ ...rest, labels: typeof labels === "string" ? [labels] : labels });
    }
  }
  return clips;
};

const checkData = async (
  option: "data" | "evalData",
  given: v.InferOutput<typeof data> | undefined,
): Promise<Data | undefined> =>
  typeof given === "object" ? { option, clips: await checkClips(option, given), folder: "." } : given;

interface Checked<Of extends Task> {
  readonly task: Of;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

const checkRun = async (given: Omit<v.InferOutput<typeof resumeSchema>, "graph">) => {
  const { labels, fold, epochs, steps, batch, learningRate, seed, device, signal, onProgress } = given;
  const { skipBad, checkpointMinutes, distributed } = given;
  const [data, evalData] = [await checkData("data", given.data), await checkData("evalData", given.evalData)];
  const options: RunOptions = { data, labels, fold, evalData, epochs, steps, batch, learningRate, seed, device };
  return { task: { options, skipBad, checkpointMinutes, distributed }, signal, onProgress };
};

/** @throws UserError */
export const checkTrainOptions = async (graph: string, given: TrainOptions): Promise<Checked<NewTraining>> => {
  const checked = checkOptions(trainSchema, Object.keys(trainSchema.entries), given);
  const { out, overwrite, resume, command = [], ...run } = checked;
  const refuse = (sentence: string): never => {
    throw new UserError("option-invalid", { option: "resume" }, sentence);
  };
  if (resume === true && out === undefined) refuse("needs out, the folder of the run");
  if (resume === true && overwrite === true)
    refuse("goes on with a run, and overwrite replaces it; expected one of them");
  const { task, ...others } = await checkRun(run);
  return { task: { kind: "train", graph, out, overwrite, resume, command, ...task }, ...others };
};

/** @throws UserError */
export const checkResumeOptions = async (folder: string, given: ResumeOptions): Promise<Checked<ResumedTraining>> => {
  const { graph, ...run } = checkOptions(resumeSchema, Object.keys(resumeSchema.entries), given);
  const { task, ...others } = await checkRun(run);
  return { task: { kind: "resume", folder, graph, ...task }, ...others };
};

/** @throws UserError */
export const checkEvaluateOptions = async (
  graphs: Evaluation["graphs"],
  given: EvaluateOptions,
): Promise<Checked<Evaluation>> => {
  const checked = checkOptions(evaluateSchema, Object.keys(evaluateSchema.entries), given);
  const { labels, fold, batch, device, all = false, skipBad = false, signal, onProgress } = checked;
  const data = await checkData("data", checked.data);
  return { task: { kind: "evaluate", graphs, data, labels, fold, all, skipBad, batch, device }, signal, onProgress };
};
