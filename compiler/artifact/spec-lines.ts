/** What leads from a graph's nodes back to the spec: a node is named `<role>/<path of its layer>/<operator>.<number>`. */
import * as v from "valibot";
import { printable } from "./printable.ts";
import { type Immutable, name, text } from "./schemas.ts";

/** By the path of a layer, its file, relative to the spec, and its line. */
export const specLinesSchema = v.record(
  name,
  v.pipe(text(), v.regex(/^.+:[1-9]\d*$/, "a file and a line such as spec.ts:12")),
  "an object of files and lines",
);

export type SpecLines = Immutable<v.InferOutput<typeof specLinesSchema>>;

/** A part of a spec that a graph has nodes of. */
export interface SpecPart {
  /** Such as `blocks.3.residual1.attention`. */
  readonly path: string;
  /** Such as `spec.ts:12`; of the layer around it, where it has none itself. */
  readonly line: string | undefined;
}

const lineOf = (path: string, lines: SpecLines): string | undefined => {
  for (let end = path.length; end >= 0; end = path.lastIndexOf(".", end - 1)) {
    const around = path.slice(0, end);
    if (Object.hasOwn(lines, around)) return lines[around];
    if (end === 0) return undefined;
  }
  return undefined;
};

export const partAt = (path: string, lines: SpecLines = {}): SpecPart => ({ path, line: lineOf(path, lines) });

const nodeName = /\b(?<role>forward|training|loss|recomputed|gradient|optimizer)\/(?<path>[\w.]+)\/\w+\.\d+/;

/** What the first node that is named in a text is for, and the path of its layer. */
export const nodeIn = (text: string): { readonly role: string; readonly path: string } | undefined => {
  const { role, path } = nodeName.exec(text)?.groups ?? {};
  return role === undefined || path === undefined ? undefined : { role, path };
};

/** Such as `blocks.3.residual1.attention (spec.ts:12)`. */
export const describePart = ({ path, line }: SpecPart): string =>
  printable(line === undefined ? path : `${path} (${line})`);
