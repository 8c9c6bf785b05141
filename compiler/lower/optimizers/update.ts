/** What a training step makes of its states. */
import type { Builder } from "../../ops/builder.ts";
import type { Value } from "../../ir/graph.ts";

/** By the parameter's name. */
export type Gradients = ReadonlyMap<string, Value>;

export interface Update {
  readonly state: Value;
  /** What the next step finds in the state's place. */
  readonly next: Value;
}

/** The updates where `condition` (bool []) is true; where it is false, the states keep their values. */
export const updateOnlyIf = (b: Builder, condition: Value, updates: readonly Update[]): readonly Update[] =>
  updates.map(({ state, next }) =>
    b.from({ path: state.name, role: "optimizer" }, () => ({ state, next: b.where(condition, next, state) })),
  );
