import type { Builder } from "../ir/builder.ts";
import type { Value } from "../ir/graph.ts";

/** Makes the updates written so far depend on `condition` (bool []): where it is false, every state keeps its value. */
export const updateOnlyIf = (b: Builder, condition: Value): void => {
  for (const { value, next } of b.finish([]).states) {
    if (next) b.from({ path: value.name, role: "optimizer" }, () => b.update(value, b.where(condition, next, value)));
  }
};
