/**
 * The paper's Ensemble-S (section 3.1.2), on the full AudioSet: three trainings of one model, which differ in their seeds; the table has
 * each one's figure in their mean, and that of the mean of their scores.
 *
 *     npx runtime sweep spec/ablations/ensemble-s.ts --data train.json --eval-data eval.json --labels class_labels_indices.csv \
 *       --weights deit_base_distilled_patch16_384-d0272ac0.pth
 */
import { variants } from "specgraph";
import { ast, type AstOptions } from "specgraph/ast";
import { audioSetFull } from "../recipes/audioset-full.ts";

const full = (options: AstOptions) => ast({ ...audioSetFull, name: "ensemble-s", ...options });

export default variants(full, { stride: [10] }, { seeds: 3 });
