/** AST's feature pipeline with hardly a network behind it: what `runtime stats` measures clips with where no graph is named. */
import { adam, singleLabel } from "specgraph";
import { ast } from "specgraph/ast";

export default ast({
  name: "front-end",
  size: { width: 2, depth: 1, heads: 1 },
  stride: { bins: 16, frames: 16 },
  objective: singleLabel({ classes: ["sound", "silence"] }),
  training: { optimizer: adam({ learningRate: 1e-3 }), batch: 1, epochs: 1 },
});
