/** The variants of a spec: the options of each, and what it is called. */
import type { Variants } from "../../spec/dsl/variants.ts";
import { formatExact } from "../artifact/format-number.ts";
import { quoted } from "../artifact/printable.ts";
import type { Report } from "../diagnostics/report.ts";

type Options = Readonly<Record<string, unknown>>;

export interface ExpandedVariant {
  /** As commands call it; a file may be named so. */
  readonly name: string;
  readonly options: Options;
}

/** More are a mistake: each is a model to be trained. */
const mostVariants = 1000;

/** More characters of a value are not its name. */
const mostOfValue = 40;

const isObject = (value: unknown): value is Options => typeof value === "object" && value !== null;

/** What of a name may stand in a file's: letters of any script, digits and a few signs. */
const forFiles = (text: string): string =>
  text.replaceAll(/[^\p{L}\p{M}\p{N}_.,=+-]+/gu, "-").replaceAll(/^[.-]+|[.-]+$/g, "");

/** A value in few characters: `16`, `128x2`, `cls+dist`, `checkpoint-nearest`. */
const printPart = (value: unknown): string => {
  if (typeof value === "function") return value.name || "function";
  if (Array.isArray(value)) return value.map(printPart).join("+");
  if (!isObject(value)) return String(value);
  const { kind, ...parts } = value;
  return [...(typeof kind === "string" ? [kind] : []), ...Object.values(parts).map(printPart)].join(
    kind === undefined ? "x" : "-",
  );
};

/** Tells values apart by what they are made of, functions by which they are. */
const createKeys = (): ((value: unknown) => string) => {
  const functions = new Map<unknown, number>();
  const tell = (_: string, part: unknown): unknown => {
    if (typeof part === "function") {
      functions.set(part, functions.get(part) ?? functions.size);
      return { function: functions.get(part) };
    }
    if (typeof part === "bigint" || (typeof part === "number" && !Number.isFinite(part)))
      return { [typeof part]: String(part) };
    return part === undefined ? { undefined: true } : part;
  };
  return (value) => JSON.stringify(value, tell);
};

/** Names of one option's values: each its own, by its number where its text is too long, or another's. */
const labelsOf = (values: readonly unknown[], keyOf: (value: unknown) => string): ReadonlyMap<string, string> => {
  const distinct = new Map(values.map((value) => [keyOf(value), value]));
  const texts = [...distinct.values()].map((value) => forFiles(value === undefined ? "default" : printPart(value)));
  const isTold = texts.every((text) => text !== "" && text.length <= mostOfValue);
  const areApart = new Set(texts).size === texts.length;
  const keys = [...distinct.keys()];
  return new Map(keys.map((key, index) => [key, isTold && areApart ? (texts[index] ?? "") : String(index + 1)]));
};

/** By the options that not all variants have in common; by `name`, where each has its own. */
const nameVariants = (all: readonly Options[]): readonly ExpandedVariant[] => {
  const own = all.map(({ name }) => (typeof name === "string" ? forFiles(name) : ""));
  if (!own.includes("") && new Set(own).size === all.length && all.length > 1)
    return all.map((options, index) => ({ name: own[index] ?? "", options }));
  const keys = [...new Set(all.flatMap(Object.keys))];
  const keyOf = createKeys();
  const differing = keys.filter((key) => !all.every((options) => keyOf(options[key]) === keyOf(all[0]?.[key])));
  const named = differing.length > 0 ? differing : keys;
  const labels = new Map(
    named.map((key) => [
      key,
      labelsOf(
        all.map((options) => options[key]),
        keyOf,
      ),
    ]),
  );
  const describe = (options: Options): string =>
    named
      .filter((key) => options[key] !== undefined)
      .map((key) => `${forFiles(key)}=${labels.get(key)?.get(keyOf(options[key])) ?? ""}`)
      .join(",");
  return all.map((options) => ({ name: describe(options) || "default", options }));
};

/** Each value of each option with each of the others; the last option's values change first. */
const combine = (grid: Readonly<Record<string, readonly unknown[]>>): readonly Options[] =>
  Object.entries(grid).reduce<readonly Options[]>(
    (all, [name, values]) => all.flatMap((options) => values.map((value) => ({ ...options, [name]: value }))),
    [{}],
  );

const isGrid = (over: object): over is Readonly<Record<string, readonly unknown[]>> =>
  Object.values(over).every(Array.isArray);

const isFew = (count: number, variants: Variants, report: Report): boolean => {
  if (count <= mostVariants) return true;
  const message = `these are ${formatExact(count)} variants, and ${formatExact(mostVariants)} are taken at most`;
  report.add("variants-too-many", message, variants, "over");
  return false;
};

const listOptions = (variants: Variants, report: Report): readonly Options[] => {
  const { over } = variants;
  if (Array.isArray(over)) {
    const list: readonly unknown[] = over;
    const options = list.filter((each): each is Options => isObject(each) && !Array.isArray(each));
    if (options.length < list.length)
      report.add("variants-malformed", "a list of variants has an object of options for each", variants, "over");
    if (list.length === 0) report.add("variants-none", "the list of variants is empty", variants, "over");
    return isFew(options.length, variants, report) ? options : [];
  }
  const entries = Object.entries(over);
  if (entries.length === 0) report.add("variants-none", "there is nothing in which variants differ", over);
  for (const [name, values] of entries) {
    if (!Array.isArray(values)) report.add("variants-malformed", `${name} lists no values`, over, name);
    else if (values.length === 0) report.add("variants-none", `${name} has no values to choose from`, over, name);
  }
  if (entries.length === 0 || !isGrid(over)) return [];
  const count = Object.values(over).reduce((product, { length }) => product * length, 1);
  return isFew(count, variants, report) ? combine(over) : [];
};

/** @returns none where something is wrong with them, which is told */
export const expandVariants = (variants: Variants, report: Report): readonly ExpandedVariant[] => {
  const named = nameVariants(listOptions(variants, report));
  const twice = named.find(({ name }, index) => named.findIndex((other) => other.name === name) < index);
  if (twice) {
    const [first, second] = named.flatMap(({ name }, index) => (name === twice.name ? [index + 1] : []));
    report.add(
      "variants-same",
      `variants ${first} and ${second} are the same, ${quoted(twice.name)}`,
      variants,
      "over",
    );
    return [];
  }
  return named;
};

const isSeed = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

/** @returns by a model's own seed those that it is trained with; undefined: its own alone */
export const readSeeds = (variants: Variants, report: Report): ((own: number) => readonly number[]) => {
  const { seeds } = variants;
  if (seeds === undefined) return (own) => [own];
  const refuse = (message: string) => {
    report.add("variants-seeds", `seeds ${message}`, variants, "seeds");
    return () => [];
  };
  if (typeof seeds === "number") {
    if (!Number.isSafeInteger(seeds) || seeds < 1 || seeds > mostVariants)
      return refuse(`must be a list, or a whole number from 1 to ${mostVariants}, not ${seeds}`);
    return (own) => Array.from({ length: seeds }, (_, index) => own + index);
  }
  if (seeds.length === 0) return refuse("are an empty list");
  const wrong = seeds.find((seed) => !isSeed(seed));
  if (wrong !== undefined) return refuse(`must be whole numbers of 0 or more, not ${wrong}`);
  const twice = seeds.find((seed, index) => seeds.indexOf(seed) < index);
  if (twice !== undefined) return refuse(`list ${twice} twice`);
  return () => seeds;
};
