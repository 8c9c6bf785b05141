import type { Layer } from "../../spec/dsl/layers.ts";
import type { Tokens } from "../ir/flow.ts";
import type { FlowCall } from "./layer.ts";

/** Whether all patches are there while training, too, for a layer that goes by where each stands. */
export const checkWholeGrid = ({ layer, takes, misfit }: FlowCall<Layer, Tokens>): void => {
  if (takes.keptInTraining === undefined) return;
  misfit(
    "stands-before-patchout",
    `${layer.kind} goes by where patches stand, and a patchout before it leaves out some; expected it before the patchout`,
  );
};
