/** How a family of checkpoints names and shapes its tensors, told as rules from its names to the reference's. */
import type { Checkpoint, TensorEntry } from "../readers/checkpoint.ts";
import type { SourceFacts } from "../facts/source-facts.ts";

/** A tensor in the reference's shape. */
export interface Converted {
  readonly shape: readonly number[];
  readonly read: () => Float32Array;
}

export interface Rule {
  readonly pattern: RegExp;
  /** The reference's name, with the pattern's groups; undefined: dropped. */
  readonly to: string | undefined;
  /** Query, key and value apart: the third of the reference's joint tensor that this one fills. */
  readonly third?: 0 | 1 | 2;
  readonly convert?: (entry: TensorEntry) => Converted;
  /** What a dropped tensor is for. Default: of no use to AST. */
  readonly note?: string;
  /** A part of the model without which it computes something else, and which cannot be imported: in words. */
  readonly refused?: string;
}

/** A model's tensors by the names that its layout's rules are for. */
export type Tensors = ReadonlyMap<string, TensorEntry>;

export interface Layout {
  readonly name: string;
  /** What may stand before the names of its body; those of a head stand beside it. */
  readonly prefixes: readonly string[];
  /** Names, below a prefix, that tell the layout; a model that is whole has all of them. */
  readonly markers: readonly [string, ...string[]];
  /** Whether the first marker, found below this prefix, may be this layout's. Default: it is. */
  readonly accepts?: (marker: TensorEntry, prefix: string) => boolean;
  /** Whether the file as a whole says that it has this layout. */
  readonly isDeclared?: (checkpoint: Checkpoint) => boolean;
  readonly rules: readonly Rule[];
  /** Patches of pictures have a square grid, those of spectrograms any. */
  readonly grid: "square" | "any";
  /** The file beside the weights that tells the grid. */
  readonly gridFile?: string;
  /** What all such checkpoints have in common. */
  readonly facts: SourceFacts;
  /** What this one tells, itself or by a file beside it. Throws CheckpointError where that is broken. */
  readonly readFacts?: (checkpoint: Checkpoint, path: string, tensors: Tensors) => SourceFacts;
  /** Special cases, told by the tensors that they have; the first that fits is taken. */
  readonly variants?: readonly { readonly layout: Layout; readonly isVariant: (tensors: Tensors) => boolean }[];
}

/** Weight and bias of one name. */
export const both = (from: string, to: string | undefined, third?: 0 | 1 | 2): Rule => ({
  pattern: new RegExp(`^${from}\\.(?<leaf>weight|bias)$`),
  to: to === undefined ? undefined : `${to}.$<leaf>`,
  ...(third === undefined ? {} : { third }),
});

export const only = (pattern: RegExp, to: string | undefined): Rule => ({ pattern, to });

export const dropped = (pattern: RegExp, note: string): Rule => ({ pattern, to: undefined, note });

export const refused = (pattern: RegExp, part: string): Rule => ({ pattern, to: undefined, refused: part });
