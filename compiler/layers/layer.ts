/** What a layer declares: its row in the table. The rest of the compiler asks rows and knows no layer by name. */
import type { DiagnosticCode } from "../diagnostics/codes/codes.ts";
import type { Layer, Layers } from "../../spec/dsl/layers.ts";
import type { Report } from "../diagnostics/report.ts";
import type { Flow } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Held, LayerFacts } from "../ir/placed-layer.ts";
import type { Builder } from "../ops/builder.ts";
import type { Presence } from "./presence.ts";

/** A layer, and the flow that reaches it. */
interface Reached<L extends Layer, F extends Flow> {
  readonly layer: L;
  readonly takes: F;
}

export interface Standing<L extends Layer, F extends Flow> extends Reached<L, F> {
  /** As many as the objective has. */
  readonly classCount: number;
}

/** What a layer's rule for flows works with. */
export interface FlowCall<L extends Layer, F extends Flow> extends Standing<L, F> {
  /** Of the layer. */
  readonly path: string;
  /** Whether `check` has reported anything. */
  readonly isWrong: boolean;
  /** What its branch gives; undefined: not known after a misfit, or there is none. */
  readonly branch: Flow | undefined;
  /** Reports that the layer does not fit where it stands; what it gives is what it would if that were mended. */
  readonly misfit: (code: DiagnosticCode, message: string, property?: string, fix?: string) => void;
}

/** What a layer's lowering works with. */
export interface LowerCall<L extends Layer, F extends Flow, P extends string, S extends string> extends Reached<L, F> {
  readonly b: Builder;
  /** Of the layer: prefixes the names of inputs of its own. */
  readonly path: string;
  /** The values of `takes`. */
  readonly x: Value;
  readonly parameters: Readonly<Record<P, Value>>;
  /** In training what replaces one is told by the builder's `update`. */
  readonly statistics: Readonly<Record<S, Value>>;
  /** Which of `x` is each clip's own; undefined where all is. */
  readonly presence: Presence | undefined;
  /** What layers leave for layers after them, by the path that the flow tells these. */
  readonly beside: Map<string, Value>;
  readonly lowerBranch: (x: Value) => Value;
}

interface Named<L extends Layer> {
  // Methods, so that rows of all layers fit one table.
  /** What it is called in paths. Default: its kind. */
  name?(layer: L): string;
  /** The function of the vocabulary that makes it, by which messages call it. Default: its kind. */
  builder?(layer: L): string;
  /** Checks its options, whatever reaches it. @param endsBranch whether it is the last layer of a branch */
  check?(layer: L, report: Report, endsBranch: boolean): void;
}

/** A layer that takes a flow and gives one. P, S: the names of its parameters and of its statistics. */
export interface LayerRow<
  L extends Layer,
  F extends Flow,
  P extends string = never,
  S extends string = never,
> extends Named<L> {
  /** Anything else that reaches it is a misfit. */
  readonly takes: readonly F["kind"][];
  /**
   * What becomes of a clip's absent frames or tokens, which have some values or other. "apart": each frame or token is computed
   * for itself, so that those that are there learn nothing of them. "left out": the row sees to that, by `presence`.
   */
  readonly absent: "apart" | "left out";
  /** What it gives. Default: what it takes. */
  flow?(call: FlowCall<L, F>): Flow;
  /** The layers of its branch, which take what it takes; it adds what they give to that. */
  branch?(layer: L): Layers;
  parameters?(standing: Standing<L, F>): readonly Held<P>[];
  /** What it keeps of the batches that it has seen. */
  statistics?(standing: Standing<L, F>): readonly Held<S>[];
  /** Writes its nodes: what it takes to what it gives. */
  lower(call: LowerCall<L, F, P, S>): Value;
  /**
   * The same in training, where that differs: then training has a forward pass of its own. A layer whose parameters are all
   * frozen is lowered as for inference.
   */
  lowerForTraining?(call: LowerCall<L, F, P, S>): Value;
  facts?(standing: Standing<L, F>): LayerFacts;
}

/** A layer that stands for others, one list of them after the other. */
export interface UnrolledRow<L extends Layer> extends Named<L> {
  unroll(layer: L): readonly Layers[];
}

export type AnyRow<L extends Layer = Layer> = LayerRow<L, Flow, string, string> | UnrolledRow<L>;
