/** Finds the model that is meant in a checkpoint, whatever stands before its names: wrappers, containers, other models. */
import type { Checkpoint } from "./readers/checkpoint.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";
import type { Layout } from "./layouts/layout.ts";
import { layouts } from "./layouts/layouts.ts";

export interface FoundModel {
  readonly layout: Layout;
  /** What stands before its names, with the separator: `state_dict.module.`. */
  readonly under: string;
}

export interface ModelChoice extends FoundModel {
  /** The other models' places. */
  readonly others: readonly string[];
}

/** Steps that PyTorch puts into names wherever a module was compiled, sharded or checkpointed. */
const wrapperSteps = /(?<=^|\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\./g;

/** A tensor's name as the model's code has it. */
export const unwrappedName = (name: string): string => name.replaceAll(wrapperSteps, "");

/** Running averages of a model that is there too. */
const average = /(?:^|[._])(?:ema|swa|avg|averaged?|shadow|momentum)(?:[._]|$)/i;
const student = /(?:^|[._])student(?:[._]|$)/i;

const place = (under: string): string => under.replace(/[./]$/, "");
export const printPlace = (under: string): string => (under === "" ? "the top level" : place(under));

/** The layout whose first marker this is, and what stands before it. */
const recognise = (name: string, { tensors }: Checkpoint): FoundModel | undefined => {
  const unwrapped = unwrappedName(name);
  for (const layout of layouts) {
    for (const prefix of layout.prefixes) {
      const ending = prefix + layout.markers[0];
      const under = unwrapped.slice(0, unwrapped.length - ending.length);
      const isAtStep = unwrapped.endsWith(ending) && (under === "" || /[./]$/.test(under));
      const entry = tensors.get(name);
      if (isAtStep && (!entry || (layout.accepts?.(entry, prefix) ?? true))) return { layout, under };
    }
  }
  return undefined;
};

const isWhole = ({ layout, under }: FoundModel, names: ReadonlySet<string>): boolean =>
  layout.prefixes.some((prefix) => layout.markers.every((marker) => names.has(under + prefix + marker)));

/** Every model in the file; parts of another network may look like one, but lack what a whole one has. */
const findModels = (checkpoint: Checkpoint): readonly FoundModel[] => {
  const declared = layouts.find(({ isDeclared }) => isDeclared?.(checkpoint));
  if (declared) return [{ layout: declared, under: "" }];
  const names = [...checkpoint.tensors.keys(), ...checkpoint.objects.keys()];
  const recognised = names.flatMap((name) => recognise(name, checkpoint) ?? []);
  const found = [...new Map(recognised.map((model) => [model.under, model])).values()];
  const unwrapped = new Set(names.map(unwrappedName));
  const whole = found.filter((model) => isWhole(model, unwrapped));
  if (whole.length > 0) return whole;
  return found.length === 1 ? found : [];
};

/** The models at a place that the user names: exactly, else by some of its steps. */
const at = (models: readonly FoundModel[], from: string): readonly FoundModel[] => {
  const exact = models.filter(({ under }) => place(under) === from);
  return exact.length > 0 ? exact : models.filter(({ under }) => `.${place(under)}.`.includes(`.${from}.`));
};

/** The model before averages of it; of a teacher and a student the teacher, which self-distillation is evaluated by. */
const preferred = (models: readonly FoundModel[]): readonly FoundModel[] => {
  const trained = models.filter(({ under }) => !average.test(under));
  const candidates = trained.length > 0 ? trained : models;
  const teachers = candidates.filter(({ under }) => !student.test(under));
  return teachers.length > 0 ? teachers : candidates;
};

/**
 * @param from where the user says that it is; undefined: by rule
 * @returns undefined where no layout is recognised
 * @throws CheckpointError where there is none at `from`, or several and no rule tells which
 */
export const findModel = (checkpoint: Checkpoint, path: string, from: string | undefined): ModelChoice | undefined => {
  const models = findModels(checkpoint);
  if (models.length === 0) return undefined;
  const listed = models.map(({ under }) => printPlace(under)).join(", ");
  const candidates = from === undefined ? preferred(models) : at(models, from);
  const [model, ...rest] = candidates;
  if (!model)
    throw new CheckpointError(path, `has no weights under ${JSON.stringify(from)}; it has them under ${listed}`);
  if (rest.length > 0) {
    throw new CheckpointError(
      path,
      `has the weights of ${candidates.length} models, under ${candidates.map(({ under }) => printPlace(under)).join(", ")}; ` +
        "name one: --weights-from KEY or checkpoint({ from: KEY })",
    );
  }
  return { ...model, others: models.filter((other) => other !== model).map(({ under }) => under) };
};
