/**
 * AST on the full AudioSet, from DeiT's weights (section 3.1; the reference's egs/audioset/run.sh, set=full).
 * Reported: mAP 0.448, and 0.459 with the weights of all epochs averaged. Averaging the scores of three such models
 * gives 0.475, of six with several strides 0.485.
 *
 *     npm run compile -- spec/recipes/audioset-full.ts --weights deit_base_distilled_patch16_384-d0272ac0.pth
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

export const audioSetFull: AstOptions = {
  name: "audioset-full",
  // With AudioSet's CSV beside this file, classesFile("class_labels_indices.csv") names the scores.
  objective: multiLabel({ classes: numbered(527) }),
  training: {
    optimizer: adam({ learningRate: 1e-5, betas: [0.95, 0.999], weightDecay: 5e-7 }),
    schedule: multiStep({ milestones: [2, 3, 4], factor: 0.5, warmup: referenceWarmup() }),
    batch: 12,
    epochs: 5,
    sampling: "balanced",
    augment: [mixup({ rate: 0.5 }), maskFrequency({ bins: 48 }), maskTime({ frames: 192 })],
    average: { from: 1, to: 5 },
  },
  pretrained: checkpoint(),
};

export default ast(audioSetFull);
