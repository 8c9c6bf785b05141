/**
 * AST on AudioSet's balanced subset of 20 thousand clips, from DeiT's weights (section 3.1; the reference's
 * egs/audioset/run.sh, set=balanced). Reported: mAP 0.347, with the weights of epochs 6 to 25 averaged, and with labels
 * that the authors enhanced (PSLA); the published labels give a little less.
 *
 *     npm run compile -- spec/recipes/audioset-balanced.ts --weights deit_base_distilled_patch16_384-d0272ac0.pth
 *     npx runtime train graph.onnx --data train.json --eval-data eval.json --labels class_labels_indices.csv
 *
 * The weights are at dl.fbaipublicfiles.com/deit. The authors train in mixed precision; where the device has float16
 * arithmetic, add `precision: mixedFloat16()`.
 */
import {
  adam,
  checkpoint,
  maskFrequency,
  maskTime,
  mixup,
  multiLabel,
  multiStep,
  numbered,
  referenceWarmup,
} from "specgraph";
import { ast, type AstOptions } from "specgraph/ast";

export const audioSetBalanced: AstOptions = {
  name: "audioset-balanced",
  // With AudioSet's CSV beside this file, classesFile("class_labels_indices.csv") names the scores.
  objective: multiLabel({ classes: numbered(527) }),
  training: {
    optimizer: adam({ learningRate: 5e-5, betas: [0.95, 0.999], weightDecay: 5e-7 }),
    schedule: multiStep({ milestones: [10, 15, 20], factor: 0.5, warmup: referenceWarmup() }),
    batch: 12,
    epochs: 25,
    augment: [mixup({ rate: 0.5 }), maskFrequency({ bins: 48 }), maskTime({ frames: 192 })],
    average: { from: 6, to: 25 },
  },
  pretrained: checkpoint(),
};

export default ast(audioSetBalanced);
