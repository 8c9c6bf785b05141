import { formatBytes, formatCount } from "../artifact/format-number.ts";
import { formatTable } from "../artifact/format-table.ts";
import { costedStages, type PartCost, type PathCost } from "./cost-by-path.ts";

/** Of a block's path that of the copy before it: `blocks.2` after `blocks.1`. */
const copyBefore = (path: string): string | undefined => {
  const [, name = "", number] = /^(.*\.)(\d+)$/.exec(path) ?? [];
  return number === undefined ? undefined : `${name}${Number(number) - 1}`;
};

/** Copies of a block that cost what the one before them costs, part for part and by the same lines: the first such for each. */
const findEqualCopies = (costs: readonly PathCost[]): ReadonlyMap<string, string> => {
  const detailsOf = (path: string): string => {
    const parts = costs.filter((part) => `${part.path}.`.startsWith(`${path}.`));
    return JSON.stringify(parts.map((part) => ({ ...part, path: part.path.slice(path.length) })));
  };
  const firsts = new Map<string, string>();
  for (const { path } of costs) {
    const before = copyBefore(path);
    if (before === undefined || detailsOf(before) !== detailsOf(path)) continue;
    firsts.set(path, firsts.get(before) ?? before);
  }
  return firsts;
};

const printFigures = ({ flops, activationBytes, largestTensorBytes }: PartCost): readonly string[] => [
  flops === 0 ? "-" : formatCount(flops),
  ...[activationBytes, largestTensorBytes].map((bytes) => (bytes === 0 ? "-" : formatBytes(bytes))),
];

const printRow = ({ path, span, ...cost }: PathCost): readonly string[] => [
  path === "" ? "all" : path,
  ...costedStages.flatMap((stage) => printFigures(cost[stage])),
  span ? `${span.file}:${span.line}` : "",
];

/** A table, a path a line, with its line of the spec; equal copies of a block are told once. */
export const printCosts = (costs: readonly PathCost[]): string => {
  const firsts = findEqualCopies(costs);
  const paths = [...firsts.keys()];
  const isInCopy = (path: string): boolean => paths.some((copy) => path.startsWith(`${copy}.`));
  const isFollowed = (path: string): boolean => paths.some((copy) => copyBefore(copy) === path);
  const rows = costs.flatMap((cost) => {
    const { path } = cost;
    const first = firsts.get(path);
    if (isInCopy(path) || (first !== undefined && isFollowed(path))) return [];
    if (first === undefined) return [printRow(cost)];
    const from = paths.find((copy) => firsts.get(copy) === first) ?? path;
    const label = from === path ? path : `${from} to ${path}`;
    return [[label, ...costedStages.flatMap(() => ["", "", ""]), `as ${first}`]];
  });
  return formatTable([
    ["", ...costedStages.flatMap((stage) => [stage, "", ""])],
    ["path", ...costedStages.flatMap(() => ["operations", "activations", "largest"]), "spec"],
    ...rows,
  ]);
};
