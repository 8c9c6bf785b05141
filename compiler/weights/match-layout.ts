/** A checkpoint's tensors under the reference's names. */
import type { Checkpoint, TensorEntry } from "./readers/checkpoint.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";
import { listNames } from "./readers/list-names.ts";
import { foldLayerScale } from "./fold-layer-scale.ts";
import { findModel, type ModelChoice, printPlace, unwrappedName } from "./find-model.ts";
import type { Layout } from "./layouts/layout.ts";
import { layouts } from "./layouts/layouts.ts";
import { type BareName, type DroppedTensor, type MatchedTensor, sortTensors } from "./sort-tensors.ts";
import type { SourceFacts } from "./facts/source-facts.ts";

export interface MatchedCheckpoint {
  /** The file or folder, for messages. */
  readonly path: string;
  readonly layout: Layout;
  readonly facts: SourceFacts;
  /** As the file has them. */
  readonly entries: Checkpoint["tensors"];
  /** By the reference's name. */
  readonly tensors: ReadonlyMap<string, MatchedTensor>;
  /** What the model has no use for. */
  readonly dropped: readonly DroppedTensor[];
  /** Where in the file the model is: `state_dict.model`; "" at its top level. */
  readonly taken: string;
  /** Where else a model is. */
  readonly others: readonly string[];
  /** What is beside the model: an optimizer, metrics, other models. */
  readonly leftOut: readonly LeftOut[];
  /** Files of weights beside the one that is read. */
  readonly notRead?: readonly string[];
  /** Metadata that tells which clips its parameters were trained on. */
  readonly trainedClips?: string | undefined;
}

export interface LeftOut {
  readonly name: string;
  readonly tensors: number;
}

/** Tensors beside the model, counted by the first step of their names that leads away from it. */
const countLeftOut = (names: readonly string[], under: string): readonly LeftOut[] => {
  const counts = new Map<string, number>();
  const steps = under.split(/[./]/);
  for (const name of names) {
    const own = name.split(/[./]/);
    const common = steps.findIndex((step, index) => step !== own[index]);
    const group = own.slice(0, common + 1).join(".");
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return [...counts].map(([name, tensors]) => ({ name, tensors }));
};

/** The name that a layout's rules are for; undefined: the tensor is not the model's. */
const createBareName =
  ({ layout, under, others }: ModelChoice): BareName =>
  (name) => {
    const unwrapped = unwrappedName(name);
    const isAnothers = others.some(
      (other) => other.length > under.length && other.startsWith(under) && unwrapped.startsWith(other),
    );
    if (!unwrapped.startsWith(under) || isAnothers) return undefined;
    const below = unwrapped.slice(under.length);
    const prefix = layout.prefixes.find((candidate) => below.startsWith(candidate)) ?? "";
    return below.slice(prefix.length);
  };

const printTaken = (under: string): string => (under === "" ? "" : printPlace(under));

/**
 * @param path for messages
 * @param from where in the file the model is; undefined: by rule
 * @throws CheckpointError when the layout is unknown, a name is not the layout's, or no rule tells which of several models is meant
 */
export const matchLayout = (checkpoint: Checkpoint, path: string, from?: string): MatchedCheckpoint => {
  const found = findModel(checkpoint, path, from);
  if (!found) {
    const known = layouts.map(({ name }) => name).join(", ");
    throw new CheckpointError(
      path,
      `has no layout known here (${known}); its first tensors are ${listNames([...checkpoint.tensors.keys()])}`,
    );
  }
  const { under, others } = found;
  const bareName = createBareName(found);
  const inside = new Map<string, TensorEntry>();
  const outside: string[] = [];
  for (const [name, entry] of checkpoint.tensors) {
    const bare = bareName(name);
    if (bare === undefined) outside.push(unwrappedName(name));
    else inside.set(bare, entry);
  }
  const layout = found.layout.variants?.find(({ isVariant }) => isVariant(inside))?.layout ?? found.layout;
  const { tensors, dropped } = sortTensors(checkpoint, layout, bareName, path);
  return {
    path,
    layout,
    facts: { ...layout.facts, ...layout.readFacts?.(checkpoint, path, inside) },
    entries: checkpoint.tensors,
    tensors: foldLayerScale(tensors, path),
    dropped,
    taken: printTaken(under),
    others: others.map(printPlace),
    leftOut: countLeftOut(outside, under),
  };
};
