/**
 * Whether AST starts from ImageNet's weights or from random ones (the paper's first ablation, section 3.1.3), on balanced AudioSet.
 *
 *     npx runtime sweep spec/ablations/pretraining.ts --data train.json --eval-data eval.json --labels class_labels_indices.csv \
 *       --weights deit_base_distilled_patch16_384-d0272ac0.pth
 */
import { checkpoint, variants } from "specgraph";
import { ast, type AstOptions } from "specgraph/ast";
import { audioSetBalanced } from "../recipes/audioset-balanced.ts";

const balanced = (options: AstOptions) => ast({ ...audioSetBalanced, name: "pretraining", ...options });

export default variants(balanced, [
  { name: "imagenet", pretrained: checkpoint() },
  { name: "none", pretrained: "none" },
]);
