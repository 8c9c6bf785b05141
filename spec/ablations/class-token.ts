/**
 * Whether the class tokens stand before the patches, as in ViT, or after them, on balanced AudioSet. It is one model: attention knows places
 * by their positions alone, so that with the positions in the same order the logits are equal (`test/spec/ablations.test.ts`); random
 * positions make of it two draws.
 *
 *     npx runtime sweep spec/ablations/class-token.ts --data train.json --eval-data eval.json --labels class_labels_indices.csv
 */
import { variants } from "specgraph";
import { ast, type AstOptions } from "specgraph/ast";
import { audioSetBalanced } from "../recipes/audioset-balanced.ts";

const balanced = (options: AstOptions) => ast({ ...audioSetBalanced, name: "class-token", ...options });

export default variants(balanced, { tokensAt: ["first", "last"], pretrained: ["none"] });
