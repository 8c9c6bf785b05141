/**
 * The paper's Ensemble-M (section 3.1.2), on the full AudioSet: six models, the three of Ensemble-S and three that split the spectrogram
 * otherwise; the last line of the table is the figure of the mean of all scores.
 *
 *     npx runtime sweep spec/ablations/ensemble-m.ts --data train.json --eval-data eval.json --labels class_labels_indices.csv \
 *       --weights deit_base_distilled_patch16_384-d0272ac0.pth
 */
import { variants } from "specgraph";
import { ast, type AstOptions } from "specgraph/ast";
import { audioSetFull } from "../recipes/audioset-full.ts";

const full = (options: AstOptions) => ast({ ...audioSetFull, name: "ensemble-m", ...options });

export default variants(full, [
  { stride: 10, seed: 0 },
  { stride: 10, seed: 1 },
  { stride: 10, seed: 2 },
  { stride: 12 },
  { stride: 14 },
  { stride: 16 },
]);
