import { formatFigure } from "../../../compiler/artifact/format-number.ts";
import type { Proposal } from "../../stats/summarize-clips.ts";

export interface ProposedObjective {
  readonly kind: "singleLabel" | "multiLabel";
  readonly classes: readonly string[];
  /** The CSV that names the classes, where there is one; it may have more of them than the data. */
  readonly classesFile?: string | undefined;
}

const formatClasses = ({ classes, classesFile }: ProposedObjective): string => {
  if (classesFile !== undefined) return `classesFile(${JSON.stringify(classesFile)})`;
  if (classes.every((label, index) => label === String(index))) return `numbered(${classes.length})`;
  return `[${classes.map((label) => JSON.stringify(label)).join(", ")}]`;
};

/** Lines to paste among the options of a spec. */
export const formatProposal = (
  clips: number,
  { frames, wholeClips, statistics }: Proposal,
  objective: ProposedObjective,
): string => {
  const whole = wholeClips === clips ? "every clip" : `${wholeClips} of ${clips} clips`;
  const isShort = statistics.frames < frames;
  const over = isShort ? ` // of ${statistics.frames} frames: compile with ${frames} and measure that graph` : "";
  return `  frames: ${frames}, // holds ${whole} whole
  statistics: { mean: ${formatFigure(statistics.mean)}, std: ${formatFigure(statistics.std)} },${over}
  objective: ${objective.kind}({ classes: ${formatClasses(objective)} }),`;
};
