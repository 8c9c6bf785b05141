/** What a layout's rules make of each tensor: which of the reference's it is, or part of, or why it is left. */
import type { Converted, Layout, Rule } from "./layouts/layout.ts";
import type { Checkpoint, TensorEntry } from "./readers/checkpoint.ts";
import { CheckpointError, refuseAt } from "./readers/checkpoint-error.ts";
import { listNames } from "./readers/list-names.ts";

export interface MatchedTensor extends Converted {
  /** The names it has in the file. */
  readonly from: readonly string[];
  /** What was done to its values. */
  readonly note?: string;
}

export interface DroppedTensor extends TensorEntry {
  readonly note: string;
}

/** By a tensor's name in the file the one that rules are for; undefined: it is not the model's. */
export type BareName = (name: string) => string | undefined;

const thirdNames = ["query", "key", "value"] as const;

const plain = (entry: TensorEntry): Converted => ({ shape: entry.shape, read: entry.readFloat32 });

/** Query, key and value as one tensor, in this order along the first axis. */
const joinThirds = (thirds: readonly MatchedTensor[]): MatchedTensor => {
  const [rows = 0, ...rest] = thirds[0]?.shape ?? [];
  const read = (): Float32Array => {
    const joined = new Float32Array([3 * rows, ...rest].reduce((product, length) => product * length, 1));
    thirds.forEach((third, index) => joined.set(third.read(), (index * joined.length) / 3));
    return joined;
  };
  return { shape: [3 * rows, ...rest], from: thirds.flatMap(({ from }) => from), read };
};

type Tensors = ReadonlyMap<string, MatchedTensor>;

/** Query, key and value that stand apart, by the name of their joint tensor. */
type Thirds = ReadonlyMap<string, readonly MatchedTensor[]>;

const refuseSecond = (path: string, target: string, first: MatchedTensor | undefined, second: string): void => {
  if (!first) return;
  throw new CheckpointError(path, `has two tensors for ${target}: ${first.from.join(" + ")} and ${second}`);
};

/** @throws CheckpointError where one of the three is missing, of another shape, or there with the joint tensor */
const joinAll = (whole: Tensors, thirds: Thirds, path: string): Tensors => {
  const refuse = refuseAt(path);
  const joined = [...thirds].map(([name, parts]) => {
    const missing = thirdNames.filter((_, index) => !parts[index]);
    if (missing.length > 0) refuse(`lacks the ${missing.join(" and ")} of ${name}`);
    if (parts.some(({ shape }) => String(shape) !== String(parts[0]?.shape))) {
      refuse(`has query, key and value of ${name} in different shapes`);
    }
    refuseSecond(path, name, whole.get(name), parts.flatMap(({ from }) => from).join(" + "));
    return [name, joinThirds(parts)] as const;
  });
  return new Map([...whole, ...joined]);
};

/**
 * @returns the model's tensors by the reference's name, and those that it has no use for
 * @throws CheckpointError where a name is not the layout's, or what it is of cannot be imported
 */
export const sortTensors = (
  checkpoint: Checkpoint,
  layout: Layout,
  bareName: BareName,
  path: string,
): { readonly tensors: Tensors; readonly dropped: readonly DroppedTensor[] } => {
  const refuse = refuseAt(path);
  const findRule = (bare: string): Rule | undefined => layout.rules.find(({ pattern }) => pattern.test(bare));
  const whole = new Map<string, MatchedTensor>();
  const thirds = new Map<string, MatchedTensor[]>();
  const dropped: DroppedTensor[] = [];
  const refused = new Map<string, string[]>();
  const quantised: string[] = [];
  const unexpected: string[] = [];
  for (const [name, entry] of checkpoint.tensors) {
    const bare = bareName(name);
    if (bare === undefined) continue;
    const rule = findRule(bare);
    if (!rule) {
      unexpected.push(name);
    } else if (rule.refused !== undefined) {
      refused.set(rule.refused, [...(refused.get(rule.refused) ?? []), name]);
    } else if (rule.to === undefined) {
      dropped.push({ ...entry, note: rule.note ?? "of no use to AST" });
    } else {
      const target = bare.replace(rule.pattern, rule.to);
      if (!/float/.test(entry.dtype)) quantised.push(`${name} (${entry.dtype})`);
      const tensor = { ...(rule.convert ?? plain)(entry), from: [name] };
      if (rule.third === undefined) {
        refuseSecond(path, target, whole.get(target), name);
        whole.set(target, tensor);
      } else {
        const parts = thirds.get(target) ?? [];
        refuseSecond(path, `the ${thirdNames[rule.third]} of ${target}`, parts[rule.third], name);
        parts[rule.third] = tensor;
        thirds.set(target, parts);
      }
    }
  }
  for (const [name, className] of checkpoint.objects) {
    const bare = bareName(name);
    const isNeeded = bare !== undefined && findRule(bare)?.to !== undefined;
    if (isNeeded) refuse(`${name} is no tensor, but a Python object of ${className}`);
  }
  if (unexpected.length > 0) {
    refuse(`has tensors that no ${layout.name} checkpoint has: ${listNames(unexpected)}`);
  }
  if (quantised.length > 0) {
    refuse(`has weights rounded to whole numbers: ${listNames(quantised)}; expected the ones before`);
  }
  if (refused.size > 0) {
    const parts = [...refused].map(([part, names]) => `${part} (${listNames(names)})`).join(" and ");
    refuse(`has ${parts}, without which it computes something else; that cannot be imported`);
  }
  return { tensors: joinAll(whole, thirds, path), dropped };
};
