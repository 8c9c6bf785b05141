/** Arguments that name files of the disk. */
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { UserError } from "../user-error.ts";
import { pathOrBytes, type Paths, show } from "./check-arguments.ts";
import type { Graph } from "./model.ts";

const expectedPath = "a path or a file: URL";

export const nodePaths: Paths = {
  of: (given) => {
    if (typeof given === "string") return given;
    return given.protocol === "file:" ? fileURLToPath(given) : undefined;
  },
  expected: "a path, a file: URL",
};

/** A path that is no empty text, or a `file:` URL, as a path. */
export const path = v.pipe(
  v.custom<string | URL>((given) => typeof pathOrBytes(nodePaths, given) === "string" && given !== "", expectedPath),
  v.transform((given) => (given instanceof URL ? fileURLToPath(given) : given)),
);

/**
 * @param argument its name
 * @throws UserError
 */
export const checkPath = (argument: string, given: unknown): string => {
  const parsed = v.safeParse(path, given);
  if (parsed.success) return parsed.output;
  throw new UserError("argument-invalid", { argument }, `the ${argument} is ${show(given)}; expected ${expectedPath}`);
};

/** @throws UserError */
export const checkGraphFiles = (given: unknown): readonly [string, ...(readonly string[])] => {
  if (!Array.isArray(given)) return [checkPath("graph", given)];
  const [first, ...others] = given.map((graph: unknown) => checkPath("graph", graph));
  if (first !== undefined) return [first, ...others];
  throw new UserError(
    "argument-invalid",
    { argument: "graph" },
    `there is no graph; expected ${expectedPath}, or several`,
  );
};

/** @throws UserError */
export const checkGraph = (given: Graph): string | Uint8Array => {
  const graph = pathOrBytes(nodePaths, given);
  if (graph !== undefined) return graph;
  throw new UserError(
    "argument-invalid",
    { argument: "graph" },
    `the graph is ${show(given)}; expected ${nodePaths.expected}, or bytes`,
  );
};
