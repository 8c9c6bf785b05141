/**
 * How far patches overlap (section 3.1.3), on balanced AudioSet: by 0, 2, 4 and 6, which are 512, 657, 850 and 1212 patches of ten
 * seconds. Attention compares each token with each, so that twice the tokens are more than twice the work: the table's FLOPs.
 *
 *     npx runtime sweep spec/ablations/overlap.ts --data train.json --eval-data eval.json --labels class_labels_indices.csv \
 *       --weights deit_base_distilled_patch16_384-d0272ac0.pth
 */
import { variants } from "specgraph";
import { ast, type AstOptions } from "specgraph/ast";
import { audioSetBalanced } from "../recipes/audioset-balanced.ts";

const balanced = (options: AstOptions) => ast({ ...audioSetBalanced, name: "overlap", ...options });

export default variants(balanced, { stride: [16, 14, 12, 10] });
