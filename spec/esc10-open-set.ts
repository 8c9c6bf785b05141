/**
 * Seven classes of ESC-10, to be asked about the other three: how well a model knows what it does not know. The README has the table.
 * As `spec/esc10.ts` but for the classes, fewer epochs and no masks.
 */
import { adam, checkpoint, everyEpoch, multiStep, singleLabel } from "specgraph";
import { ast, sizes, statistics } from "specgraph/ast";

export default ast({
  name: "esc10-open-set",
  size: sizes.tiny224,
  stride: { bins: 16, frames: 16 },
  frames: 512,
  tokens: ["cls"],
  statistics: statistics.esc50,
  objective: singleLabel({
    classes: ["dog", "rooster", "rain", "sea_waves", "crackling_fire", "crying_baby", "sneezing"],
  }),
  training: {
    optimizer: adam({ learningRate: 1e-4, betas: [0.95, 0.999], weightDecay: 5e-7 }),
    schedule: multiStep({ milestones: everyEpoch({ from: 4, to: 8 }), factor: 0.7 }),
    batch: 16,
    accumulate: 2,
    epochs: 8,
  },
  pretrained: checkpoint(),
});
