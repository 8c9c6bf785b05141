/** A checkpoint's tensors under the reference's names. */
import type { Checkpoint, TensorEntry } from "./readers/checkpoint.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";
import { listNames } from "./readers/list-names.ts";
import { foldLayerScale } from "./fold-layer-scale.ts";
import { findModel, printPlace, unwrappedName } from "./find-model.ts";
import type { Converted, Layout, Rule } from "./layouts/layout.ts";
import { layouts } from "./layouts/layouts.ts";
import type { SourceFacts } from "./source-facts.ts";

export interface MatchedTensor extends Converted {
  /** The names it has in the file. */
  readonly from: readonly string[];
  /** What was done to its values. */
  readonly note?: string;
}

export interface DroppedTensor extends TensorEntry {
  readonly note: string;
}

export interface MatchedCheckpoint {
  /** The file or folder, for messages. */
  readonly path: string;
  readonly layout: Layout;
  readonly facts: SourceFacts;
  /** As the file has them. */
  readonly entries: Checkpoint["tensors"];
  /** By the reference's name. */
  readonly tensors: ReadonlyMap<string, MatchedTensor>;
  /** What the model has no use for. */
  readonly dropped: readonly DroppedTensor[];
  /** Where in the file the model is: `state_dict.model`; "" at its top level. */
  readonly taken: string;
  /** Where else a model is. */
  readonly others: readonly string[];
  /** What is beside the model: an optimizer, metrics, other models. */
  readonly leftOut: readonly LeftOut[];
  /** Files of weights beside the one that is read. */
  readonly notRead?: readonly string[];
  /** Metadata that tells which clips its parameters were trained on. */
  readonly trainedClips?: string | undefined;
}

export interface LeftOut {
  readonly name: string;
  readonly tensors: number;
}

/** Tensors beside the model, counted by the first step of their names that leads away from it. */
const countLeftOut = (names: readonly string[], under: string): readonly LeftOut[] => {
  const counts = new Map<string, number>();
  const steps = under.split(/[./]/);
  for (const name of names) {
    const own = name.split(/[./]/);
    const common = steps.findIndex((step, index) => step !== own[index]);
    const group = own.slice(0, common + 1).join(".");
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return [...counts].map(([name, tensors]) => ({ name, tensors }));
};

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

const printTaken = (under: string): string => (under === "" ? "" : printPlace(under));

/**
 * @param path for messages
 * @param from where in the file the model is; undefined: by rule
 * @throws CheckpointError when the layout is unknown, a name is not the layout's, or no rule tells which of several models is meant
 */
export const matchLayout = (checkpoint: Checkpoint, path: string, from?: string): MatchedCheckpoint => {
  const found = findModel(checkpoint, path, from);
  if (!found) {
    const known = layouts.map(({ name }) => name).join(", ");
    throw new CheckpointError(
      path,
      `has no layout known here (${known}); its first tensors are ${listNames([...checkpoint.tensors.keys()])}`,
    );
  }
  const { under, others } = found;
  const isInside = (name: string): boolean =>
    name.startsWith(under) &&
    !others.some((other) => other.length > under.length && other.startsWith(under) && name.startsWith(other));
  const bareName = (unwrapped: string): string => {
    const name = unwrapped.slice(under.length);
    const prefix = found.layout.prefixes.find((candidate) => name.startsWith(candidate)) ?? "";
    return name.slice(prefix.length);
  };
  const inside = new Map<string, TensorEntry>();
  for (const [name, entry] of checkpoint.tensors) {
    const unwrapped = unwrappedName(name);
    if (isInside(unwrapped)) inside.set(bareName(unwrapped), entry);
  }
  const layout = found.layout.variants?.find(({ isVariant }) => isVariant(inside))?.layout ?? found.layout;
  const findRule = (bare: string): Rule | undefined => layout.rules.find(({ pattern }) => pattern.test(bare));
  const whole = new Map<string, MatchedTensor>();
  const thirds = new Map<string, MatchedTensor[]>();
  const dropped: DroppedTensor[] = [];
  const refused = new Map<string, string[]>();
  const quantised: string[] = [];
  const unexpected: string[] = [];
  const outside: string[] = [];
  const refuseSecond = (target: string, first: MatchedTensor | undefined, second: string): void => {
    if (!first) return;
    throw new CheckpointError(path, `has two tensors for ${target}: ${first.from.join(" + ")} and ${second}`);
  };
  for (const [name, entry] of checkpoint.tensors) {
    const unwrapped = unwrappedName(name);
    if (!isInside(unwrapped)) {
      outside.push(unwrapped);
      continue;
    }
    const bare = bareName(unwrapped);
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
        refuseSecond(target, whole.get(target), name);
        whole.set(target, tensor);
      } else {
        const parts = thirds.get(target) ?? [];
        refuseSecond(`the ${thirdNames[rule.third]} of ${target}`, parts[rule.third], name);
        parts[rule.third] = tensor;
        thirds.set(target, parts);
      }
    }
  }
  for (const [name, className] of checkpoint.objects) {
    const unwrapped = unwrappedName(name);
    if (isInside(unwrapped) && findRule(bareName(unwrapped))?.to !== undefined) {
      throw new CheckpointError(path, `${name} is no tensor, but a Python object of ${className}`);
    }
  }
  if (unexpected.length > 0) {
    throw new CheckpointError(
      path,
      `has tensors that a ${layout.name} checkpoint does not have: ${listNames(unexpected)}`,
    );
  }
  if (quantised.length > 0) {
    throw new CheckpointError(
      path,
      `has weights rounded to whole numbers: ${listNames(quantised)}; expected the ones before`,
    );
  }
  if (refused.size > 0) {
    const parts = [...refused].map(([part, names]) => `${part} (${listNames(names)})`).join(" and ");
    throw new CheckpointError(path, `has ${parts}, without which it computes something else; that cannot be imported`);
  }
  for (const [name, parts] of thirds) {
    const missing = thirdNames.filter((_, index) => !parts[index]);
    if (missing.length > 0) throw new CheckpointError(path, `lacks the ${missing.join(" and ")} of ${name}`);
    if (parts.some(({ shape }) => String(shape) !== String(parts[0]?.shape))) {
      throw new CheckpointError(path, `has query, key and value of ${name} in different shapes`);
    }
    refuseSecond(name, whole.get(name), parts.flatMap(({ from }) => from).join(" + "));
    whole.set(name, joinThirds(parts));
  }
  return {
    path,
    layout,
    facts: { ...layout.facts, ...layout.readFacts?.(checkpoint, path, inside) },
    entries: checkpoint.tensors,
    tensors: foldLayerScale(whole, path),
    dropped,
    taken: printTaken(under),
    others: others.map(printPlace),
    leftOut: countLeftOut(outside, under),
  };
};
