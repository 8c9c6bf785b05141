import type { Locate, NormalizedTraining } from "../ir/normalized-spec.ts";
import { failAt } from "../layers/flow.ts";

/** `*` stands for any characters, all else for itself. */
const toExpression = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("*", ".*")}$`);

/**
 * What each parameter's learning rate is multiplied by; of several patterns that match its name the last counts.
 * @throws CompileError at a pattern that matches none, or where all parameters are frozen
 */
export const rateFactors = (
  parameters: readonly string[],
  rates: NormalizedTraining["rates"],
  locate: Locate,
): ReadonlyMap<string, number> => {
  const factors = new Map(parameters.map((name) => [name, 1]));
  for (const [pattern, factor] of Object.entries(rates)) {
    const expression = toExpression(pattern);
    const matching = parameters.filter((name) => expression.test(name));
    if (matching.length === 0) {
      const some = parameters.filter((_, index) => index % Math.ceil(parameters.length / 4) === 0).join(", ");
      const message = `no parameter's name matches "${pattern}"; names are such as ${some}`;
      failAt(locate, rates, "rates-match", message, pattern);
    }
    matching.forEach((name) => factors.set(name, factor));
  }
  if (parameters.length > 0 && [...factors.values()].every((factor) => factor === 0)) {
    failAt(locate, rates, "nothing-to-train", "all parameters have the rate 0, so that none is trained");
  }
  return factors;
};
