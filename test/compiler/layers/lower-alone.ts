import type { Layer } from "../../../spec/dsl/layers.ts";
import type { Flow } from "../../../compiler/ir/flow.ts";
import type { Value } from "../../../compiler/ir/graph.ts";
import type { LayerRow } from "../../../compiler/layers/layer.ts";
import type { Builder } from "../../../compiler/ops/builder.ts";

/** What training makes of a layer without parameters that stands alone; its draws are called "p.". */
export const lowerAlone = <Kind extends Layer, Takes extends Flow>(
  row: LayerRow<Kind, Takes>,
  layer: Kind,
  takes: Takes,
  b: Builder,
  x: Value,
): Value =>
  row.lowerForTraining?.({
    layer,
    takes,
    b,
    x,
    path: "p",
    parameters: {},
    statistics: {},
    presence: undefined,
    beside: new Map(),
    lowerBranch: () => x,
  }) ?? x;
