/** What became of every tensor of a checkpoint, and where every parameter of the model came from. */

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
  readonly warnings: readonly string[];
}

const count = <T extends { readonly status: string }>(entries: readonly T[], status: T["status"]): number =>
  entries.filter((entry) => entry.status === status).length;

/** One line for each different note, however many tensors share it. */
const notes = (entries: readonly { readonly name: string; readonly note?: string }[]): readonly string[] => {
  const byNote = new Map<string, string[]>();
  for (const { name, note } of entries) if (note !== undefined) byNote.set(note, [...(byNote.get(note) ?? []), name]);
  return [...byNote].map(([note, names]) => {
    const shown = names.slice(0, 4).join(", ");
    return `  ${shown}${names.length > 4 ? ` and ${names.length - 4} more` : ""}: ${note}`;
  });
};

const printTaken = ({ taken, others }: Coverage): readonly string[] => {
  if (others.length > 0) {
    return [`  taken: ${taken === "" ? "the top level" : taken}; --weights-from takes another: ${others.join(", ")}`];
  }
  return taken === "" ? [] : [`  taken: ${taken}`];
};

const printLeftOut = ({ leftOut }: Coverage): readonly string[] => {
  const shown = leftOut.slice(0, 8).map(({ name, tensors }) => `${name} (${tensors})`);
  if (leftOut.length === 0) return [];
  return [
    `  left out, with their tensors: ${shown.join(", ")}${leftOut.length > 8 ? ` and ${leftOut.length - 8} more` : ""}`,
  ];
};

/** The report as people read it. */
export const printCoverage = (coverage: Coverage): string => {
  const { file, layout, sources, targets, warnings } = coverage;
  return [
    `${file} (${layout}): ${sources.length} tensors, ${count(sources, "used")} used, ${count(sources, "resized")} resized, ${count(sources, "dropped")} dropped`,
    ...printTaken(coverage),
    ...printLeftOut(coverage),
    ...notes(sources),
    `${targets.length} parameters of the model: ${count(targets, "filled")} filled, ${count(targets, "initialised")} initialised`,
    ...notes(targets),
    ...warnings.map((warning) => `  warning: ${warning}`),
  ].join("\n");
};
