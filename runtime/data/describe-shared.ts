import { resolve } from "node:path";
import type { Clip } from "./dataset.ts";

/**
 * How many of the clips to evaluate on are files that are trained on too, for people: what they are answered tells little
 * about new clips. Undefined where there are none.
 */
export const describeShared = (train: readonly Clip[], evaluation: readonly Clip[]): string | undefined => {
  const trained = new Set(train.flatMap(({ source }) => ("path" in source ? resolve(source.path) : [])));
  const shared = evaluation.filter(({ source }) => "path" in source && trained.has(resolve(source.path)));
  const [first] = shared;
  if (!first) return undefined;
  return `${shared.length} of the ${evaluation.length} clips to evaluate on are also trained on, among them ${first.name}`;
};
