/** What a sweep needs to know of a variant's graph before it is trained. */
import { costFor, predictMemory } from "../../compiler/artifact/cost.ts";
import { samplesIn } from "../../compiler/artifact/frames.ts";
import { placesOfTokens, readTokenLayout } from "../../compiler/artifact/token-layout.ts";
import { partSize } from "../data/batches.ts";
import type { RunInputs } from "../train/prepared-run.ts";
import type { VariantSize } from "./summarize-sweep.ts";

/** Of clips as long as the positions are held for. */
export const sizeOf = ({ artifact: { metadata, model }, recipe }: RunInputs): VariantSize => {
  const { cost, frames, parameters } = metadata;
  const samples = samplesIn(frames, metadata);
  const layout = readTokenLayout(model);
  const counts = layout && [...placesOfTokens(layout).values()].map(({ count }) => count);
  return {
    patches: layout ? layout.grid.rows * layout.grid.columns : null,
    tokens: counts ? counts.reduce((sum, count) => sum + count, 0) : null,
    parameters,
    flops: costFor(cost, "inference", { batch: 1, samples }).flops,
    memoryBytes: predictMemory(cost, "training", { batch: partSize(recipe), samples }),
  };
};
