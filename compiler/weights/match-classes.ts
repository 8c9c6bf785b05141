/** Which row of a checkpoint's classifier belongs to which class of the spec: by name, where both sides have names. */
import { areNumbers } from "./facts/are-numbers.ts";

export interface ClassMatch {
  /** For each of the spec's classes its row; undefined: it starts anew. */
  readonly rows: readonly (number | undefined)[];
  /** "order": the rows are taken to be the spec's classes. "count": there are other numbers of them, so none is used. */
  readonly by: "name" | "order" | "count";
  /** Names of rows that the spec has no class for. */
  readonly dropped: readonly string[];
  /** Classes of the spec without a row. */
  readonly initialised: readonly string[];
  /** What is told beyond. */
  readonly warnings: readonly string[];
}

/** Numbers are names where the other side has some of them in another order: spoken digits. */
const haveNames = (classes: readonly string[], source: readonly string[]): boolean => {
  if (!areNumbers(classes) && !areNumbers(source)) return true;
  const areBoth = areNumbers(classes) && areNumbers(source);
  return !areBoth && classes.some((name) => source.includes(name));
};

/** A letter with an accent is one character or two, by who typed it. */
const normalised = (names: readonly string[]): readonly string[] => names.map((name) => name.normalize("NFC"));

const nearMisses = (dropped: readonly string[], initialised: readonly string[]): readonly string[] => {
  const byFolded = new Map(dropped.map((name) => [name.toLowerCase(), name]));
  return initialised.flatMap((name) => {
    const other = byFolded.get(name.toLowerCase());
    if (other === undefined) return [];
    return `${JSON.stringify(other)} in the checkpoint and ${JSON.stringify(name)} in the spec differ only in case: two classes`;
  });
};

/**
 * @param classes the spec's class names, all different
 * @param source the class names by row, if they are known
 * @param rowCount rows of the classifier
 * @returns what goes where, or a sentence saying why the names cannot be used
 */
export const matchClasses = (
  classes: readonly string[],
  source: readonly string[] | undefined,
  rowCount: number,
): ClassMatch | string => {
  const inOrder = classes.map((_, index) => index);
  if (source && source.length !== rowCount) {
    const names = source.length === 1 ? "1 class name" : `${source.length} class names`;
    return `has ${rowCount} rows in its classifier, but ${names}`;
  }
  if (!source || !haveNames(classes, source)) {
    const nothing = { dropped: [], initialised: [], warnings: [] };
    if (rowCount !== classes.length) return { rows: classes.map(() => undefined), by: "count", ...nothing };
    if (source && String(source) === String(classes)) return { rows: inOrder, by: "name", ...nothing };
    const reason =
      source && !areNumbers(source)
        ? "the spec does not name them"
        : 'the checkpoint does not name them; checkpoint({ labels: "FILE.csv" }) or --weights-labels names them';
    const warning = `its ${rowCount} classes are taken to be the spec's, in order, as ${reason}`;
    return { rows: inOrder, by: "order", ...nothing, warnings: [warning] };
  }
  const wanted = normalised(classes);
  const rowsOf = new Map<string, readonly number[]>();
  for (const [row, name] of normalised(source).entries()) rowsOf.set(name, [...(rowsOf.get(name) ?? []), row]);
  const twice = wanted.find((name) => (rowsOf.get(name)?.length ?? 0) > 1);
  if (twice !== undefined) {
    const rows = rowsOf.get(twice)?.join(" and ");
    return `has several classes called ${JSON.stringify(twice)}: rows ${rows}, counted from 0`;
  }
  const rows = wanted.map((name) => rowsOf.get(name)?.[0]);
  const used = new Set(rows);
  const dropped = source.filter((_, row) => !used.has(row));
  const initialised = classes.filter((_, index) => rows[index] === undefined);
  return { rows, by: "name", dropped, initialised, warnings: nearMisses(dropped, initialised) };
};
