/**
 * How ImageNet's positions come to the grid of a spectrogram (sections 2.2 and 3.1.3), on balanced AudioSet: interpolated, those of the
 * nearest patch, or random ones.
 *
 *     npx runtime sweep spec/ablations/positions.ts --data train.json --eval-data eval.json --labels class_labels_indices.csv \
 *       --weights deit_base_distilled_patch16_384-d0272ac0.pth
 */
import { checkpoint, variants } from "specgraph";
import { ast, type AstOptions } from "specgraph/ast";
import { audioSetBalanced } from "../recipes/audioset-balanced.ts";

const balanced = (options: AstOptions) => ast({ ...audioSetBalanced, name: "positions", ...options });

export default variants(balanced, [
  { name: "bilinear", pretrained: checkpoint({ positions: "bilinear" }) },
  { name: "nearest", pretrained: checkpoint({ positions: "nearest" }) },
  { name: "random", pretrained: checkpoint({ positions: "random" }) },
]);
