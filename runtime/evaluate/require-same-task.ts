import { quoted } from "../../compiler/artifact/printable.ts";
import { UserError } from "../user-error.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";

/**
 * Checks that graphs answer the same question, so that their scores can be averaged; they may differ in all else.
 * @throws UserError naming two graphs and the first difference
 */
export const requireSameTask = (first: Artifact, others: readonly Artifact[]): void => {
  for (const other of others) {
    const [own, its] = [first.metadata, other.metadata];
    const fail = (difference: string): never => {
      throw new UserError(
        "tasks-differ",
        { graph: first.path, other: other.path, difference },
        `${first.path} and ${other.path} cannot be averaged: ${difference}`,
      );
    };
    if (own.objective !== its.objective) fail(`one is ${own.objective}, the other ${its.objective}`);
    if (own.classes.length !== its.classes.length) {
      fail(`one has ${own.classes.length} classes, the other ${its.classes.length}`);
    }
    const index = own.classes.findIndex((name, at) => name !== its.classes[at]);
    if (index >= 0)
      fail(
        `class ${index} is ${quoted(own.classes[index] ?? "")} in one and ${quoted(its.classes[index] ?? "")} in the other`,
      );
  }
};
