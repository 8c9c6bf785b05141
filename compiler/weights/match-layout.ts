/** A checkpoint's tensors under the reference's names. */
import type { SourceGeometry } from "./geometry.ts";
import type { Checkpoint, TensorEntry } from "./readers/checkpoint.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";
import type { Converted, Layout } from "./layouts/layout.ts";
import { layouts } from "./layouts/layouts.ts";

export interface MatchedTensor extends Converted {
  /** The names it has in the file. */
  readonly from: readonly string[];
}

export interface MatchedCheckpoint {
  readonly layout: Layout;
  readonly geometry: SourceGeometry;
  /** As the file has them. */
  readonly entries: Checkpoint["tensors"];
  /** By the reference's name. */
  readonly tensors: ReadonlyMap<string, MatchedTensor>;
  /** What the model has no use for. */
  readonly dropped: readonly TensorEntry[];
}

const recognise = (checkpoint: Checkpoint): { readonly layout: Layout; readonly prefix: string } | undefined => {
  for (const layout of layouts) {
    const prefix = layout.prefixes.find((candidate) => layout.isLayout(checkpoint, candidate));
    if (prefix !== undefined) return { layout, prefix };
  }
  return undefined;
};

export const listNames = (names: readonly string[]): string =>
  names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");

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

/**
 * @param path for messages
 * @throws CheckpointError when the layout is unknown or a name is not the layout's
 */
export const matchLayout = (checkpoint: Checkpoint, path: string): MatchedCheckpoint => {
  const found = recognise(checkpoint);
  if (!found) {
    const known = layouts.map(({ name }) => name).join(", ");
    throw new CheckpointError(
      path,
      `has no layout known here (${known}); its first tensors are ${listNames([...checkpoint.tensors.keys()])}`,
    );
  }
  const { layout, prefix } = found;
  const whole = new Map<string, MatchedTensor>();
  const thirds = new Map<string, MatchedTensor[]>();
  const dropped: TensorEntry[] = [];
  const unexpected: string[] = [];
  const refuseSecond = (target: string, first: MatchedTensor | undefined, second: string): void => {
    if (!first) return;
    throw new CheckpointError(path, `has two tensors for ${target}: ${first.from.join(" + ")} and ${second}`);
  };
  for (const [name, entry] of checkpoint.tensors) {
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    const rule = layout.rules.find(({ pattern }) => pattern.test(bare));
    if (!rule) {
      unexpected.push(name);
    } else if (rule.to === undefined) {
      dropped.push(entry);
    } else {
      const target = bare.replace(rule.pattern, rule.to);
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
  if (unexpected.length > 0) {
    throw new CheckpointError(
      path,
      `has tensors that a ${layout.name} checkpoint does not have: ${listNames(unexpected)}`,
    );
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
    layout,
    geometry: layout.readGeometry?.(checkpoint, path) ?? {},
    entries: checkpoint.tensors,
    tensors: whole,
    dropped,
  };
};
