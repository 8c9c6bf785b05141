/** Command lines: one table per command gives its parsing, its messages and its help. */
import { parseArgs } from "node:util";
import { deviceNames } from "../engine/device.ts";
import { nearestNames } from "../../compiler/artifact/nearest-names.ts";
import type { RunOptions } from "../train/run-options.ts";
import { UserError } from "../user-error.ts";
import { programName } from "../../compiler/artifact/files/program-name.ts";

/** An option; `value` stands for its value in the help. */
export type Option = { readonly help: string } & (
  | { readonly kind: "flag" }
  | { readonly kind: "text"; readonly value: string }
  /** Any number of them, each by the option once more. */
  | { readonly kind: "texts"; readonly value: string }
  | { readonly kind: "integer"; readonly value: string; readonly least: number; readonly most?: number }
  | { readonly kind: "positive"; readonly value: string }
  | { readonly kind: "threshold"; readonly value: string }
  | { readonly kind: "rate"; readonly value: string }
  | { readonly kind: "choice"; readonly value: string; readonly choices: readonly [string, ...string[]] }
);

export type OptionTable = Readonly<Record<string, Option>>;

interface ValueOf {
  readonly flag: true;
  readonly text: string;
  readonly texts: readonly string[];
  readonly integer: number;
  readonly positive: number;
  /** Of a score; "best": of each class its own. */
  readonly threshold: number | "best";
  /** A share. */
  readonly rate: number;
}

export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: Table[Name] extends { readonly choices: readonly (infer Choice)[] }
    ? Choice
    : ValueOf[Exclude<Table[Name]["kind"], "choice">];
};

/** A command's face. */
export interface Usage<Table extends OptionTable = OptionTable> {
  readonly name: string;
  /** What follows the name, such as `GRAPH CLIP... [options]`. */
  readonly synopsis: string;
  readonly description: string;
  /** Positional arguments with their help. */
  readonly operands: readonly (readonly [name: string, help: string])[];
  readonly options: Table;
  readonly examples: readonly string[];
}

/** Options that every command has. */
export const commonOptions = {
  json: { kind: "flag", help: "print JSON on stdout, one object per line, and nothing else there" },
  help: { kind: "flag", help: "print this" },
} as const satisfies OptionTable;

/** Whether a command line asks for JSON on stdout: `--json`, or, where no file is named, `--format json` of the commands that have it. */
export const asksForJson = (args: readonly string[]): boolean =>
  args.includes("--json") ||
  (!args.some((arg) => arg === "--out" || arg.startsWith("--out=")) &&
    args.some((arg, index) => arg === "--format=json" || (arg === "--format" && args[index + 1] === "json")));

/** For the commands that read labelled clips. */
export const clipOptions = {
  data: {
    kind: "text",
    value: "PATH",
    help: "a folder per class, a known data set's, a CSV or AST's JSON (default: embedded sounds)",
  },
  labels: { kind: "text", value: "CSV", help: "names of the labels in AST's JSON: index,mid,display_name" },
  fold: {
    kind: "integer",
    value: "N",
    least: 0,
    help: "the fold to evaluate on, of data with folds (default: the lowest)",
  },
} as const satisfies OptionTable;

/** For the commands that divide clips into some to train on and some to evaluate on. */
export const evalDataOption = {
  "eval-data": {
    kind: "text",
    value: "PATH",
    help: "clips to evaluate on (default: those the data names, or a fifth)",
  },
} as const satisfies OptionTable;

/** For the commands that train. */
export const trainingOptions = {
  epochs: { kind: "integer", value: "N", least: 1, help: "passes over the data (default: the spec's)" },
  steps: { kind: "integer", value: "N", least: 1, help: "steps after which to end, whatever the epochs" },
  batch: { kind: "integer", value: "N", least: 1, help: "clips per step (default: the spec's)" },
  lr: { kind: "positive", value: "X", help: "learning rate (default: the spec's)" },
  "checkpoint-minutes": {
    kind: "positive",
    value: "N",
    help: "how often to save within an epoch, besides at its end (default: 10)",
  },
} as const satisfies OptionTable;

/** What decides a run, by its names in the library. */
export const runOptions = ({
  data,
  labels,
  fold,
  "eval-data": evalData,
  epochs,
  steps,
  batch,
  lr: learningRate,
  seed,
  device,
}: OptionValues<typeof clipOptions & typeof trainingOptions & typeof deviceOption> &
  Partial<OptionValues<typeof evalDataOption>> & {
    readonly seed?: number | undefined;
  }) => ({ data, labels, fold, evalData, epochs, steps, batch, learningRate, seed, device }) satisfies RunOptions;

/** For the commands that go through labelled clips. */
export const skipOption = {
  "skip-bad": { kind: "flag", help: "leave out clips that cannot be read, instead of ending with a list of them" },
} as const satisfies OptionTable;

/** For the commands that compute. */
export const deviceOption = {
  device: { kind: "choice", value: "NAME", choices: deviceNames, help: "auto, cpu, webgpu or cuda (default: auto)" },
} as const satisfies OptionTable;

type Valued = Exclude<Option, { readonly kind: "flag" }>;

/** @returns undefined where the text is none of its kind */
const parseText = (option: Valued, text: string): string | number | undefined => {
  const value = Number(text);
  const isAbove0 = text.trim() !== "" && Number.isFinite(value) && value > 0;
  switch (option.kind) {
    case "text":
    case "texts":
      return text;
    case "choice":
      return option.choices.find((choice) => choice === text);
    case "integer": {
      const { least, most = Number.MAX_SAFE_INTEGER } = option;
      return /^\d+$/.test(text) && value >= least && value <= most ? value : undefined;
    }
    case "positive":
      return isAbove0 ? value : undefined;
    case "threshold":
      if (text === "best") return text;
      return isAbove0 && value <= 1 ? value : undefined;
    case "rate":
      return isAbove0 && value < 1 ? value : undefined;
  }
};

const describeKind = (option: Valued): string => {
  switch (option.kind) {
    case "text":
    case "texts":
      return "text";
    case "choice":
      return `${option.choices.slice(0, -1).join(", ")} or ${option.choices.at(-1)}`;
    case "integer":
      return `a whole number, ${option.most === undefined ? `${option.least} or more` : `from ${option.least} to ${option.most}`}`;
    case "positive":
      return "a number above 0";
    case "threshold":
      return "a score above 0, 1 at most, or best";
    case "rate":
      return "a share between 0 and 1, such as 0.05";
  }
};

const parseValue = (name: string, option: Option, text: string | undefined): unknown => {
  if (option.kind === "flag") {
    if (text === undefined) return true;
    throw new UserError("usage", {}, `--${name} takes no value, but got ${text}`);
  }
  // Nothing, as of an unset variable, or an option where the value should be: the value was forgotten. A negative number is
  // left to the parser.
  if (text === undefined || text === "" || /^--?[a-z]/i.test(text)) {
    throw new UserError("usage", {}, `--${name} needs a value: --${name} ${option.value}`);
  }
  const value = parseText(option, text);
  if (value !== undefined) return value;
  throw new UserError("usage", {}, `--${name} is ${describeKind(option)}, not ${text}`);
};

const unknownOption = (rawName: string, { name, options }: Usage): UserError => {
  const [nearest] = nearestNames(rawName.replace(/^-+/, ""), Object.keys(options));
  const hint = nearest === undefined ? `see ${programName} ${name} --help` : `did you mean --${nearest}?`;
  return new UserError("usage", {}, `unknown option ${rawName}; ${hint}`);
};

/**
 * Reads a command line.
 * @throws UserError for an unknown option, a missing value or one of the wrong kind
 */
export const parseOptions = <Table extends OptionTable>(
  usage: Usage<Table>,
  args: readonly string[],
): { readonly values: OptionValues<Table>; readonly operands: readonly string[] } => {
  const { options } = usage;
  const types = Object.entries(options).map(
    ([name, { kind }]) => [name, { type: kind === "flag" ? "boolean" : "string" }] as const,
  );
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: Object.fromEntries(types),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const values: Record<string, unknown> = {};
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (!option || !token.rawName.startsWith("--")) throw unknownOption(token.rawName, usage);
    const value = parseValue(token.name, option, token.value);
    const earlier = values[token.name];
    values[token.name] = option.kind === "texts" ? [...(Array.isArray(earlier) ? earlier : []), value] : value;
  }
  return { values: values as OptionValues<Table>, operands: positionals };
};

/**
 * @param what what the command takes one of
 * @throws UserError unless exactly one is named
 */
export const oneOperand = ({ name }: Pick<Usage, "name">, operands: readonly string[], what = "one graph"): string => {
  const [operand, ...others] = operands;
  if (operand !== undefined && others.length === 0) return operand;
  const given = operand === undefined ? "none is given" : `${operands.length} are given: ${operands.join(" ")}`;
  throw new UserError(
    "usage",
    {},
    `${programName} ${name} takes ${what}, and ${given}; see ${programName} ${name} --help`,
  );
};

/** @throws UserError unless a graph is named, or several. */
export const someGraphs = (
  { name }: Pick<Usage, "name">,
  operands: readonly string[],
): readonly [string, ...(readonly string[])] => {
  const [first, ...others] = operands;
  if (first !== undefined) return [first, ...others];
  throw new UserError(
    "usage",
    {},
    `${programName} ${name} takes one graph or several, and none is given; see ${programName} ${name} --help`,
  );
};

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
};

/** A command's `--help`. */
export const printUsage = ({ name, synopsis, description, operands, options, examples }: Usage): string => {
  const optionRows = Object.entries(options).map(
    ([option, row]) => [row.kind === "flag" ? `--${option}` : `--${option} ${row.value}`, row.help] as const,
  );
  const separator = operands.length > 0 ? [["", ""] as const] : [];
  const rows = columns([...operands, ...separator, ...optionRows]).replaceAll(/ +$/gm, "");
  const lines = examples.map((example) => `  ${example.replace(/(^|\| )runtime /, `$1${programName} `)}`).join("\n");
  return `Usage: ${programName} ${name} ${synopsis}\n\n${description}\n\n${rows}\n\nExamples:\n${lines}`;
};
