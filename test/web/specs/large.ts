/** So large that its parameters lie in a file of their own. */
import { singleLabel } from "specgraph";
import { ast } from "specgraph/ast";

export default ast({
  name: "large",
  size: { width: 384, depth: 6, heads: 6 },
  stride: { bins: 16, frames: 16 },
  frames: 100,
  objective: singleLabel({ classes: ["one", "two"] }),
});
