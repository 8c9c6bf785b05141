/** The class names in transformers' config.json, which tells them twice: by row, and their rows by name. */
import { areNumbers } from "../facts/are-numbers.ts";

export type Labels = Readonly<Record<string, unknown>> | null | undefined;

const namesByRow = (id2label: Exclude<Labels, null | undefined>): readonly string[] | string => {
  const rows = Object.keys(id2label).map((_, row) => id2label[String(row)]);
  const gap = rows.findIndex((name) => typeof name !== "string" && typeof name !== "number");
  if (gap < 0) return rows.map(String);
  const value = rows[gap];
  return value === undefined ? `without a name for ${gap}` : `whose name for ${gap} is ${JSON.stringify(value)}`;
};

/** undefined where the rows are not all there. */
const invert = (label2id: Exclude<Labels, null | undefined>): readonly string[] | undefined => {
  const nameOf = new Map(Object.entries(label2id).map(([name, row]) => [Number(row), name]));
  const names = Object.keys(label2id).flatMap((_, row) => nameOf.get(row) ?? []);
  return names.length > 0 && names.length === Object.keys(label2id).length ? names : undefined;
};

/**
 * transformers answers by `id2label`, while training scripts encode their targets by `label2id`: where the two have the same names in
 * other rows, nothing tells which rows were trained. Where one has numbers only, the other names the classes.
 * @returns names by row; undefined where there are none; or what is wrong with them, to be read after "has an"
 */
export const huggingFaceClassNames = (id2label: Labels, label2id: Labels): readonly string[] | string | undefined => {
  const inverse = label2id ? invert(label2id) : undefined;
  const names = id2label && Object.keys(id2label).length > 0 ? namesByRow(id2label) : inverse;
  if (names === undefined) return undefined;
  if (typeof names === "string") return `id2label ${names}`;
  const moved = Object.entries(label2id ?? {}).find(
    ([name, row]) => names.includes(name) && names[Number(row)] !== name,
  );
  if (!moved) return areNumbers(names) && inverse?.length === names.length ? inverse : names;
  const [name, row] = moved;
  return `id2label with ${JSON.stringify(name)} in row ${names.indexOf(name)}, and a label2id with it in row ${String(row)}`;
};
