import { dirname, relative, resolve, sep } from "node:path";
import { partAt, type SpecLines } from "../artifact/spec-lines.ts";
import { settingsFile } from "../diagnostics/diagnostic.ts";
import type { Program } from "../ir/program.ts";

const installed = /^.*\bnode_modules\//;

/** A file as a graph names it, whatever machine it was compiled on: relative to the spec, or from the package that it is of. */
const nameFile = (file: string, spec: string): string =>
  file === settingsFile
    ? file
    : relative(dirname(resolve(spec)), resolve(file))
        .split(sep)
        .join("/")
        .replace(installed, "");

const partAround = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf(".")));

/**
 * Where the layers of a program are written, by their paths; one on the line of the layer around it goes without.
 * @param spec its file
 */
export const specLines = (program: Program, spec: string): SpecLines => {
  const lines = Object.fromEntries(
    [program.inference, program.gradients].flatMap((stage) =>
      (stage?.nodes ?? []).flatMap(({ origin: { path, span } }) =>
        span ? [[path, `${nameFile(span.file, spec)}:${span.line}`] as const] : [],
      ),
    ),
  );
  return Object.fromEntries(
    Object.entries(lines).filter(([path, line]) => partAt(partAround(path), lines).line !== line),
  );
};
