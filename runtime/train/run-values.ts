/** The options that decide a run: as a command line gives them, and as a run has them. */
import { resolve } from "node:path";
import type { Recipe } from "../../compiler/artifact/metadata.ts";
import { UserError } from "../user-error.ts";
import type { Run } from "../runs/run-config.ts";
import { fromRunPath } from "../runs/run-path.ts";

/** By their names on the command line. */
export interface RunValues {
  readonly data?: string | undefined;
  readonly labels?: string | undefined;
  readonly fold?: number | undefined;
  readonly "eval-data"?: string | undefined;
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  readonly batch?: number | undefined;
  readonly lr?: number | undefined;
  readonly seed?: number | undefined;
  readonly device?: string | undefined;
}

/** The recipe with the changes of this run. */
export const applyValues = (recipe: Recipe, { batch, lr, seed, epochs, steps }: RunValues): Recipe => ({
  ...recipe,
  batch: batch ?? recipe.batch,
  learningRate: lr ?? recipe.learningRate,
  seed: seed ?? recipe.seed,
  // Steps alone mean as many epochs as they take.
  epochs: epochs ?? (steps === undefined ? recipe.epochs : Infinity),
});

/** A run's options as a command line would give them. */
export const valuesOf = (run: Run, workingDirectory: string): RunValues => {
  const path = (value: string | null) => (value === null ? undefined : fromRunPath(workingDirectory, value));
  return {
    data: path(run.data),
    labels: path(run.labels),
    fold: run.fold ?? undefined,
    "eval-data": path(run.evalData),
    epochs: run.epochs ?? undefined,
    steps: run.steps ?? undefined,
    batch: run.batch,
    lr: run.learningRate,
    seed: run.seed,
    device: run.device,
  };
};

const pathOptions = new Set(["data", "labels", "eval-data"]);

/** @throws UserError where options that are repeated are not the run's */
export const requireSameValues = (folder: string, given: RunValues, own: RunValues): void => {
  const canonical = (name: string, value: unknown) => (pathOptions.has(name) ? resolve(String(value)) : value);
  const conflicts = (Object.keys(own) as (keyof RunValues)[]).flatMap((name) => {
    const [now, then] = [given[name], own[name]];
    if (now === undefined || (name === "device" && now === "auto")) return [];
    if (then === undefined) return [{ name, conflict: "is not given there" }];
    return canonical(name, now) === canonical(name, then) ? [] : [{ name, conflict: `is ${then} there, not ${now}` }];
  });
  if (conflicts.length === 0) return;
  const options = conflicts.map(({ name }) => name);
  const facts = { run: folder, options, conflicts: conflicts.map(({ conflict }) => conflict) };
  const listed = conflicts.map(({ name, conflict }) => `${name} ${conflict}`).join("; ");
  throw new UserError("options-changed", facts, `${folder} goes on as it was started: ${listed}`);
};

/** The epochs that a run is to have, where they are more than it was started with. */
export const addedEpochs = ({ epochs: then }: Run, { epochs: now }: RunValues): number | undefined =>
  now !== undefined && then !== null && now > then ? now : undefined;
