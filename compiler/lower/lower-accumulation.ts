import { gradientName } from "../artifact/names.ts";
import type { Graph } from "../ir/graph.ts";
import type { NormalizedTraining } from "../ir/normalized-spec.ts";
import { createBuilder } from "../ops/builder.ts";
import { runPasses } from "../passes/run-passes.ts";
import { optimizerRow } from "./optimizers/optimizers.ts";

/**
 * For whoever adds gradients up and steps by AdamW, and does nothing else to them: of a step in equal parts each part's share of the
 * mean, with the weight decay of Adam, which is coupled, in it.
 * @param gradients the stage of one that computes a step at once
 */
export const lowerAccumulation = (
  { optimizer, recipe: { accumulate } }: Pick<NormalizedTraining, "optimizer" | "recipe">,
  gradients: Graph,
): Graph => {
  const b = createBuilder(gradients);
  const { coupledDecay } = optimizerRow(optimizer).asAdamW(optimizer);
  const states = new Map(gradients.states.map((state) => [state.value.name, state]));
  for (const { value: parameter } of gradients.states) {
    const gradient = states.get(gradientName(parameter.name));
    if (!gradient?.next) continue;
    const { next } = gradient;
    b.from({ path: parameter.name, role: "optimizer" }, () => {
      const decayed = coupledDecay === 0 ? next : b.add(next, b.mul(parameter, b.scalar(coupledDecay)));
      b.update(gradient.value, accumulate === 1 ? decayed : b.mul(decayed, b.scalar(1 / accumulate)));
    });
  }
  return runPasses(b.finish(gradients.outputs), {});
};
