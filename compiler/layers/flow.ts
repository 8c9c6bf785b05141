/** What flows between layers, and what a layer's lowering works with. */
import type { Initializer } from "../../spec/dsl/initializers.ts";
import type { Layer } from "../../spec/dsl/layers.ts";
import { CompileError } from "../diagnostics/diagnostic.ts";
import type { Locate, PlacedLayer } from "../ir/normalized-spec.ts";
import type { Builder } from "../ops/builder.ts";
import type { Value } from "../ir/graph.ts";

export type Flow =
  /** [batch, frames, bins] */
  | { readonly kind: "spectrogram"; readonly value: Value; readonly frames: number; readonly bins: number }
  /** [batch, length, width]; `named` gives the positions of the added tokens. */
  | {
      readonly kind: "tokens";
      readonly value: Value;
      readonly length: number;
      readonly width: number;
      readonly named: ReadonlyMap<string, number>;
    }
  /** [batch, width] */
  | { readonly kind: "vector"; readonly value: Value; readonly width: number };

export interface LayerContext<L> {
  readonly layer: L;
  readonly b: Builder;
  readonly classCount: number;
  /** Declares a trainable tensor; `fanIn` defaults to the product of all lengths but the first. */
  readonly parameter: (name: string, shape: readonly number[], initializer: Initializer, fanIn?: number) => Value;
  readonly lowerLayers: (layers: readonly PlacedLayer[], flow: Flow) => Flow;
  readonly inner: readonly PlacedLayer[];
  /** Reports that the layer does not fit where it stands. */
  readonly fail: (code: string, message: string, property?: string, fix?: string) => never;
}

export type LowerLayer<L extends Layer> = (context: LayerContext<L>, flow: Flow) => Flow;

/** What flows, for messages. */
export const flowDescriptions = {
  spectrogram: "a spectrogram [batch, frames, bins]",
  tokens: "a sequence [batch, tokens, width]",
  vector: "a vector [batch, width]",
} as const;

/** The flow, if it is one of `kinds`; otherwise the layer stands in the wrong place. */
export const expectFlow = <K extends Flow["kind"]>(
  { layer, fail }: LayerContext<Layer>,
  flow: Flow,
  ...kinds: readonly K[]
): Extract<Flow, { kind: K }> => {
  if (kinds.some((kind) => kind === flow.kind)) return flow as Extract<Flow, { kind: K }>;
  const expected = kinds.map((kind) => flowDescriptions[kind]).join(" or ");
  return fail("layer-order", `${layer.kind} takes ${expected}, but what reaches it is ${flowDescriptions[flow.kind]}`);
};

export const failAt = (
  locate: Locate,
  object: object,
  code: string,
  message: string,
  property?: string,
  fix?: string,
): never => {
  throw new CompileError([{ code, message, span: locate(object, property), fix }]);
};
