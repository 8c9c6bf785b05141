/** A small AST for the sounds that the runtime synthesises: one second, ten classes, trained from random weights in a minute or two. */
import { adamW, cosine, singleLabel } from "specgraph";
import { ast } from "specgraph/ast";

export default ast({
  name: "quickstart",
  size: { width: 64, depth: 2, heads: 2 },
  stride: { bins: 16, frames: 8 },
  frames: 100,
  objective: singleLabel({
    classes: [
      "tone",
      "rising chirp",
      "falling chirp",
      "noise",
      "clicks",
      "buzz",
      "siren",
      "bell",
      "pulsing noise",
      "doorbell",
    ],
  }),
  training: {
    optimizer: adamW({ learningRate: 1e-3, weightDecay: 0.01 }),
    schedule: cosine(),
    batch: 16,
    epochs: 10,
  },
});
