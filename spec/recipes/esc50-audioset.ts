/**
 * AST-P on ESC-50, from an AST trained on AudioSet (section 3.2; the reference's egs/esc50/run_esc.sh,
 * audiosetpretrain=True). Reported: accuracy 95.6 %, the mean of five folds. The reference's README links the weights.
 *
 *     npm run compile -- spec/recipes/esc50-audioset.ts --weights audioset_10_10_0.4593.pth
 *     npx runtime train graph.onnx --data ESC-50 --fold 1
 */
import { checkpoint } from "specgraph";
import { esc50 } from "./esc50.ts";

export default esc50({
  name: "esc50-audioset",
  learningRate: 1e-5,
  // With ESC-50's mean and deviation, not those of AudioSet.
  pretrained: checkpoint({ features: "own" }),
});
