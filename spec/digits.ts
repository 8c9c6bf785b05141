/** A small AST for spoken digits (Free Spoken Digit Dataset, clips of about half a second), trained from random weights. */
import { adamW, numbered, singleLabel } from "specgraph";
import { ast, statistics } from "specgraph/ast";

export default ast({
  name: "digits",
  size: { width: 128, depth: 4, heads: 4 },
  stride: { bins: 16, frames: 8 },
  frames: 80,
  statistics: statistics.speechCommands,
  objective: singleLabel({ classes: numbered(10) }),
  training: { optimizer: adamW({ learningRate: 3e-4, weightDecay: 0.05 }), batch: 16, epochs: 24 },
});
