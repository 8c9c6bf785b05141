/** What became of every tensor of a checkpoint, and where every parameter of the model came from. */
import { plural } from "../artifact/plural.ts";
import { listNames } from "./readers/list-names.ts";

export interface SourceCoverage {
  readonly name: string;
  readonly shape: readonly number[];
  readonly status: "used" | "resized" | "dropped";
  readonly note?: string;
}

export interface TargetCoverage {
  readonly name: string;
  readonly shape: readonly number[];
  readonly status: "filled" | "initialised";
  readonly from: readonly string[];
  readonly note?: string;
}

/**
 * What became of the rows of a classifier whose classes have names, as have the spec's. Initialised: classes of the spec that
 * have no row; dropped: rows of the checkpoint that have no class.
 */
export type ClassCoverage = { readonly [Fate in "kept" | "initialised" | "dropped"]: readonly string[] };

export interface Coverage {
  readonly file: string;
  readonly layout: string;
  /** Where in the file the model is: `state_dict.model`; "" at its top level. */
  readonly taken: string;
  /** Where else the file has a model: `model_ema`. */
  readonly others: readonly string[];
  /** What the file has beside the model: an optimizer, metrics, other models. */
  readonly leftOut: readonly { readonly name: string; readonly tensors: number }[];
  readonly sources: readonly SourceCoverage[];
  readonly targets: readonly TargetCoverage[];
  readonly classes?: ClassCoverage;
  /** What differs from the spec, as it may. */
  readonly notes: readonly string[];
  /** What was taken for granted, or is wrong with the values. */
  readonly warnings: readonly string[];
}

const count = <T extends { readonly status: string }>(entries: readonly T[], status: T["status"]): number =>
  entries.filter((entry) => entry.status === status).length;

/** One line for each different note, however many tensors share it. */
const notes = (entries: readonly { readonly name: string; readonly note?: string }[]): readonly string[] => {
  const byNote = new Map<string, string[]>();
  for (const { name, note } of entries) if (note !== undefined) byNote.set(note, [...(byNote.get(note) ?? []), name]);
  return [...byNote].map(([note, names]) => `  ${listNames(names, 4)}: ${note}`);
};

const printTaken = ({ taken, others }: Coverage): readonly string[] => {
  if (others.length > 0) {
    return [`  taken: ${taken === "" ? "the top level" : taken}; --weights-from takes another: ${others.join(", ")}`];
  }
  return taken === "" ? [] : [`  taken: ${taken}`];
};

const printLeftOut = ({ leftOut }: Coverage): readonly string[] => {
  if (leftOut.length === 0) return [];
  const counted = leftOut.map(({ name, tensors }) => `${name} (${tensors})`);
  return [`  left out, with their tensors: ${listNames(counted, 8)}`];
};

const listClasses = (names: readonly string[]): string => listNames(names.map((name) => JSON.stringify(name)));

const printClasses = ({ kept, initialised, dropped }: ClassCoverage): string =>
  [
    `  classes by name: ${kept.length} ${plural(kept.length, "has", "have")} a row`,
    ...(initialised.length > 0 ? [`${initialised.length} without one start anew (${listClasses(initialised)})`] : []),
    ...(dropped.length > 0 ? [`${dropped.length} of the checkpoint are dropped (${listClasses(dropped)})`] : []),
  ].join(", ");

/** The report as people read it. */
export const printCoverage = (coverage: Coverage): string => {
  const { file, layout, sources, targets, classes, warnings } = coverage;
  return [
    `${file} (${layout}): ${sources.length} tensors, ${count(sources, "used")} used, ${count(sources, "resized")} resized, ${count(sources, "dropped")} dropped`,
    ...printTaken(coverage),
    ...printLeftOut(coverage),
    ...notes(sources),
    `${targets.length} parameters of the model: ${count(targets, "filled")} filled, ${count(targets, "initialised")} initialised`,
    ...notes(targets),
    ...(classes ? [printClasses(classes)] : []),
    ...coverage.notes.map((note) => `  note: ${note}`),
    ...warnings.map((warning) => `  warning: ${warning}`),
  ].join("\n");
};
