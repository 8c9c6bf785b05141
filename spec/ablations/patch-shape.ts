/**
 * The patches' shape and size (section 3.1.3), on balanced AudioSet: all frequencies of 20 ms, squares, and squares of twice the side.
 * ImageNet's models have square patches of 16, so that all start from random weights.
 *
 *     npx runtime sweep spec/ablations/patch-shape.ts --data train.json --eval-data eval.json --labels class_labels_indices.csv
 */
import { variants } from "specgraph";
import { ast, type AstOptions } from "specgraph/ast";
import { audioSetBalanced } from "../recipes/audioset-balanced.ts";

const balanced = (options: AstOptions) => ast({ ...audioSetBalanced, name: "patch-shape", ...options });

export default variants(balanced, [
  { name: "128x2", patch: { bins: 128, frames: 2 }, stride: { bins: 128, frames: 2 }, pretrained: "none" },
  { name: "16x16", patch: 16, stride: 16, pretrained: "none" },
  { name: "32x32", patch: 32, stride: 32, pretrained: "none" },
]);
