/** The options that decide a run: as they are given, and as a run has them. */
import { resolve } from "node:path";
import type { Data } from "../data/sources/given-clips.ts";
import type { DeviceName } from "../engine/device.ts";
import type { Run } from "../runs/run-config.ts";
import { fromRunPath } from "../runs/run-places.ts";
import { UserError } from "../user-error.ts";
import type { RecipeOptions } from "./recipe-options.ts";

export interface RunOptions extends RecipeOptions {
  /** Clips; default: the embedded sounds. */
  readonly data?: Data | undefined;
  /** The CSV that names the labels of AST's JSON. */
  readonly labels?: string | undefined;
  /** The fold to evaluate on, of data that has folds. */
  readonly fold?: number | undefined;
  /** Other clips to evaluate on. */
  readonly evalData?: Data | undefined;
  readonly device?: DeviceName | undefined;
}

/** A run's options as they would be given. */
export const optionsOf = (run: Run, workingDirectory: string): RunOptions => {
  const path = (value: string | null) => (value === null ? undefined : fromRunPath(workingDirectory, value));
  const data = (option: "data" | "evalData"): Data | undefined => {
    const place = path(run[option]);
    if (place === undefined || !run.lists?.includes(option)) return place;
    return { option, clips: undefined, folder: place };
  };
  return {
    data: data("data"),
    labels: path(run.labels),
    fold: run.fold ?? undefined,
    evalData: data("evalData"),
    epochs: run.epochs ?? undefined,
    steps: run.steps ?? undefined,
    batch: run.batch,
    learningRate: run.learningRate,
    seed: run.seed,
    device: run.device,
  };
};

type Value = RunOptions[keyof RunOptions];

/** Of lists the clips are compared, once they are restored. */
const areSame = (name: keyof RunOptions, now: Value, then: Value): boolean => {
  if (typeof now === "object" || typeof then === "object") return typeof now === typeof then;
  const isPath = name === "data" || name === "labels" || name === "evalData";
  return isPath ? resolve(String(now)) === resolve(String(then)) : now === then;
};

const show = (value: Value): string => (typeof value === "object" ? "a list" : String(value));

/** @throws UserError where options that are repeated are not the run's */
export const requireSameOptions = (folder: string, given: RunOptions, own: RunOptions): void => {
  const conflicts = (Object.keys(own) as (keyof RunOptions)[]).flatMap((name) => {
    const [now, then] = [given[name], own[name]];
    if (now === undefined || (name === "device" && now === "auto")) return [];
    if (then === undefined) return [{ name, conflict: "is not given there" }];
    return areSame(name, now, then) ? [] : [{ name, conflict: `is ${show(then)} there, not ${show(now)}` }];
  });
  if (conflicts.length === 0) return;
  const listed = conflicts.map(({ name, conflict }) => `${name} ${conflict}`).join("; ");
  throw new UserError(
    "options-changed",
    { run: folder, options: conflicts.map(({ name }) => name), conflicts: conflicts.map(({ conflict }) => conflict) },
    `${folder} goes on as it was started: ${listed}`,
  );
};

/** The epochs that a run is to have, where they are more than it was started with. */
export const addedEpochs = ({ epochs: then }: Run, { epochs: now }: RunOptions): number | undefined =>
  now !== undefined && then !== null && now > then ? now : undefined;
