/** Ends a training that diverges. What it has saved stays as it was when it still converged. */
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { describePart, partAt } from "../../compiler/artifact/spec-lines.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import type { NonFinite } from "../engine/find-non-finite.ts";
import type { TrainingSession } from "../engine/training-session.ts";
import { UserError } from "../user-error.ts";
import type { Keeper } from "./keeper.ts";
import type { StepDone } from "./run-epoch.ts";
import type { TrainingProgress } from "../runs/training-progress.ts";

type Progress = Pick<TrainingProgress, "epochs" | "steps">;
interface Run {
  readonly recipe: Recipe;
  readonly keeper: Pick<Keeper, "nameOf">;
}

const describeSaved = ({ keeper }: Run, { epochs }: Progress): string => {
  const graph = epochs > 0 ? keeper.nameOf("last") : null;
  return graph === null ? "" : `; ${graph} holds the parameters after epoch ${epochs}`;
};

/** In mixed precision each step that overflows halves the loss's scale: after so many in a row it is not the scale's fault. */
const overflowsInARow = 40;

const describeCause = ({ part, state }: NonFinite, { steps }: Progress): string => {
  const since = steps > 0 ? " since the step before" : "";
  const parameter = state === undefined ? "" : `, whose ${printable(state)} is not finite${since}`;
  return `: the first values that are not finite are those of ${describePart(part)}${parameter}`;
};

/**
 * Looks at the loss of every step. In mixed precision the graph skips a step whose gradients overflow: some are borne with.
 * @param find where the values of a step ceased to be finite
 * @returns given a step, and the progress before it. @throws UserError naming the step, its learning rate and what was found
 */
export const lossGuard = (
  run: Run,
  find: TrainingSession["findNonFinite"],
): ((step: Pick<StepDone, "loss" | "learningRate">, progress: Progress) => Promise<void>) => {
  let overflows = 0;
  return async ({ loss, learningRate }, progress) => {
    overflows = Number.isFinite(loss) ? 0 : overflows + 1;
    if (overflows === 0) return;
    const { recipe } = run;
    if (recipe.precision === "mixed-float16" && overflows <= overflowsInARow) return;
    const value = Number.isNaN(loss) ? "not a number" : "infinite";
    // What cannot be found changes nothing of what is known.
    const found = await find().catch(() => undefined);
    const facts = { layer: found?.part.path, specLine: found?.part.line, parameter: found?.state };
    throw new UserError(
      "loss-not-finite",
      { step: progress.steps + 1, learningRate: recipe.learningRate, ...facts },
      `the loss is ${value} at step ${progress.steps + 1} of epoch ${progress.epochs + 1}, with a learning rate of ${learningRate}${found ? describeCause(found, progress) : ""}${describeSaved(run, progress)}`,
    );
  };
};

/**
 * A step's loss is that of the parameters before it: after its last step a run may hold parameters that no loss told of.
 * @param name a parameter's
 * @param values its values
 * @param progress after the step
 * @throws UserError naming the step
 */
export const requireFiniteParameter = (
  name: string,
  values: Float32Array,
  progress: Progress,
  run: Run & { readonly artifact: Pick<Artifact, "metadata"> },
): void => {
  if (values.every(Number.isFinite)) return;
  const part = partAt(name, run.artifact.metadata.lines);
  throw new UserError(
    "parameters-not-finite",
    { step: progress.steps, learningRate: run.recipe.learningRate, parameter: name, specLine: part.line },
    `the parameter ${describePart(part)} is not finite after step ${progress.steps}, with a learning rate of ${run.recipe.learningRate}${describeSaved(run, progress)}`,
  );
};
