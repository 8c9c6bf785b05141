/** What `infer` hears of a long list, all of it or a part. */
import { programName } from "../../compiler/artifact/files/program-name.ts";
import { parseShard, type Shard } from "../recordings/shard.ts";
import { formatOf } from "../recordings/formats.ts";
import { UserError } from "../user-error.ts";
import type { Target } from "./infer-target.ts";
import type { OptionTable, OptionValues } from "./options.ts";

export const listOptions = {
  list: {
    kind: "text",
    value: "FILE",
    help: "hear the clips of a list: a table with a column path, or a .txt with one on each line; relative to it",
  },
  shard: {
    kind: "text",
    value: "I/N",
    help: `of a list hear part I of N, from 1/N to N/N, which ${programName} merge makes one of; clips that fail are told and fail no part`,
  },
} as const satisfies OptionTable;

const refuse = (sentence: string): never => {
  throw new UserError("usage", {}, sentence);
};

type Values = OptionValues<typeof listOptions> & {
  readonly out?: string | undefined;
  readonly cut?: string | undefined;
  readonly explain?: string | undefined;
  readonly timeline?: string | undefined;
};

/** @returns undefined: all @throws UserError where options contradict each other, or lack the one that they belong to */
export const shardOf = (values: Values, named: readonly string[]): Shard | undefined => {
  const { list, shard, out } = values;
  if (list !== undefined && named.length > 0) refuse("--list and clips exclude each other: add them to the list");
  if (shard === undefined) return undefined;
  if (list === undefined) refuse("--shard needs --list: the parts are of a list, which is the same for all of them");
  if (out === undefined) refuse(`--shard needs --out: a file for the part, which ${programName} merge takes`);
  const picture = (["cut", "explain", "timeline"] as const).find((name) => values[name] !== undefined);
  if (picture !== undefined) refuse(`--shard and --${picture} exclude each other: parts are files of answers alone`);
  const parsed = parseShard(shard);
  const text = JSON.stringify(shard);
  return parsed ?? refuse(`--shard is which part of how many, such as 3/8, the first of which is 1/8, not ${text}`);
};

/** @throws UserError where parts of the target's form make no whole */
export const requireMergeable = ({ isFolder, format, out }: Target): void => {
  if (isFolder) refuse(`--shard needs a file for the part, and --out ${out} is a folder`);
  const { countsSeconds, isOfOne } = formatOf(format);
  if (countsSeconds || isOfOne !== undefined) {
    refuse(
      `--shard and --format ${format} exclude each other: a row of it tells of rows before; use csv, json or parquet`,
    );
  }
};
