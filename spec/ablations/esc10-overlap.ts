/**
 * The paper's table of overlaps at the size of a desk: DeiT-tiny on ESC-10, three epochs each. The README has its table.
 *
 *     npx runtime sweep spec/ablations/esc10-overlap.ts --data ESC-50/meta/esc10.csv --fold 1 --weights deit_tiny_patch16_224-a1311bcf.pth
 */
import { adam, maskFrequency, maskTime, variants } from "specgraph";
import { ast, type AstOptions } from "specgraph/ast";
import { esc10 } from "../esc10.ts";

const brief = (options: AstOptions) =>
  ast({
    ...esc10,
    name: "esc10-overlap",
    training: {
      optimizer: adam({ learningRate: 1e-4, betas: [0.95, 0.999], weightDecay: 5e-7 }),
      batch: 48,
      epochs: 3,
      augment: [maskFrequency({ bins: 24 }), maskTime({ frames: 96 })],
    },
    ...options,
  });

export default variants(brief, { stride: [16, 14, 12, 10] });
