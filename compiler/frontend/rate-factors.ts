import type { Report } from "../diagnostics/report.ts";
import type { NormalizedTraining } from "../ir/normalized-spec.ts";

/** `*` stands for any characters, all else for itself. */
const toExpression = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("*", ".*")}$`);

/**
 * What each parameter's learning rate is multiplied by; of several patterns that match its name the last counts. Patterns that
 * match none, or of which none counts, are reported, and where all parameters are frozen.
 */
export const rateFactors = (
  parameters: readonly string[],
  rates: NormalizedTraining["rates"],
  report: Report,
): ReadonlyMap<string, number> => {
  const factors = new Map(parameters.map((name) => [name, 1]));
  const settledBy = new Map<string, string>();
  let isMatched = true;
  for (const [pattern, factor] of Object.entries(rates)) {
    const expression = toExpression(pattern);
    const matching = parameters.filter((name) => expression.test(name));
    if (matching.length === 0 && parameters.length > 0) {
      isMatched = false;
      const some = parameters.filter((_, index) => index % Math.ceil(parameters.length / 4) === 0).join(", ");
      const message = `no parameter's name matches "${pattern}"; names are such as ${some}`;
      report.add("rates-match", message, rates, pattern);
    }
    for (const name of matching) {
      factors.set(name, factor);
      settledBy.set(name, pattern);
    }
  }
  const decisive = new Set(settledBy.values());
  for (const pattern of isMatched && parameters.length > 0 ? Object.keys(rates) : []) {
    if (decisive.has(pattern)) continue;
    const message = `"${pattern}" decides nothing, as of all that it matches a later pattern decides; expected it after that`;
    report.add("no-effect", message, rates, pattern);
  }
  if (isMatched && parameters.length > 0 && [...factors.values()].every((factor) => factor === 0)) {
    report.add("nothing-to-train", "all parameters have the rate 0, so that none is trained", rates);
  }
  return factors;
};
