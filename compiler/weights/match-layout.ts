/** A checkpoint's tensors under the reference's names. */
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
  /** By the reference's name. */
  readonly tensors: ReadonlyMap<string, MatchedTensor>;
  /** Names in the file that the model has no use for. */
  readonly dropped: readonly string[];
}

const recognise = ({ tensors }: Checkpoint): { readonly layout: Layout; readonly prefix: string } | undefined => {
  for (const layout of layouts) {
    const prefix = layout.prefixes.find((candidate) => tensors.has(candidate + layout.marker));
    if (prefix !== undefined) return { layout, prefix };
  }
  return undefined;
};

const list = (names: readonly string[]): string =>
  names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");

const plain = (entry: TensorEntry): Converted => ({ shape: entry.shape, read: entry.readFloat32 });

/** Query, key and value as one tensor, in this order along the first axis. */
const joinThirds = (thirds: readonly MatchedTensor[]): MatchedTensor => {
  const [{ shape: [rows = 0, ...rest] } = { shape: [] }] = thirds as readonly [MatchedTensor];
  const read = (): Float32Array => {
    const parts = thirds.map((third) => third.read());
    const joined = new Float32Array(parts.reduce((total, part) => total + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      joined.set(part, offset);
      offset += part.length;
    }
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
      `has no layout known here (${known}); its first tensors are ${list([...checkpoint.tensors.keys()])}`,
    );
  }
  const { layout, prefix } = found;
  const whole = new Map<string, MatchedTensor>();
  const thirds = new Map<string, MatchedTensor[]>();
  const dropped: string[] = [];
  const unexpected: string[] = [];
  for (const [name, entry] of checkpoint.tensors) {
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    const rule = layout.rules.find(({ pattern }) => pattern.test(bare));
    if (!rule) {
      unexpected.push(name);
    } else if (rule.to === undefined) {
      dropped.push(name);
    } else {
      const target = bare.replace(rule.pattern, rule.to);
      const tensor = { ...(rule.convert ?? plain)(entry), from: [name] };
      if (rule.third === undefined) {
        whole.set(target, tensor);
      } else {
        const parts = thirds.get(target) ?? [];
        parts[rule.third] = tensor;
        thirds.set(target, parts);
      }
    }
  }
  if (unexpected.length > 0) {
    throw new CheckpointError(path, `has tensors that a ${layout.name} checkpoint does not have: ${list(unexpected)}`);
  }
  for (const [name, parts] of thirds) {
    const missing = ["query", "key", "value"].filter((_, index) => !parts[index]);
    if (missing.length > 0) throw new CheckpointError(path, `lacks the ${missing.join(" and ")} of ${name}`);
    whole.set(name, joinThirds(parts));
  }
  return { layout, tensors: whole, dropped };
};
