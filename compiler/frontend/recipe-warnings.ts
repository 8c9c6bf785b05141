import { plural } from "../artifact/plural.ts";
import type { NormalizedTraining } from "../ir/normalized-spec.ts";

/** What of a recipe does nothing in the epochs that it has, of which the command line may give it more. */
export const recipeWarnings = ({
  recipe: { epochs, schedule, averaging, earlyStopping },
}: Pick<NormalizedTraining, "recipe">): readonly string[] => {
  const trained = `training ends after ${epochs} ${plural(epochs, "epoch")}`;
  const milestones = schedule.kind === "multiStep" ? schedule.milestones : [];
  const [first] = milestones;
  const patience = earlyStopping?.patience;
  return [
    ...(first !== undefined && first >= epochs
      ? [`multiStep reaches no milestone: the first is after epoch ${first}, and ${trained}`]
      : []),
    ...(patience !== undefined && patience >= epochs - 1
      ? [`earlyStopping ends nothing: it could after epoch ${patience + 1} at the earliest, and ${trained}`]
      : []),
    ...(averaging?.from === epochs ? ["average takes the last epoch alone, which is what training ends with"] : []),
  ];
};
