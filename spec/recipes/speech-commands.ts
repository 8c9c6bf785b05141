/**
 * AST-S on the 35 words of Speech Commands V2, from DeiT's weights (section 3.2; the reference's
 * egs/speechcommands/run_sc.sh). Reported: accuracy 98.11 %, of the epoch that is best on the validation set.
 * The paper trains up to 20 epochs, the script 30.
 *
 *     npm run compile -- spec/recipes/speech-commands.ts --weights deit_base_distilled_patch16_384-d0272ac0.pth
 *     npx runtime train graph.onnx --data train.json --eval-data valid.json --labels words.csv
 *
 * The weights are at dl.fbaipublicfiles.com/deit, words.csv is the reference's speechcommands_class_labels_indices.csv.
 * The authors train in mixed precision; where the device has float16 arithmetic, add `precision: mixedFloat16()`.
 */
import {
  adam,
  checkpoint,
  everyEpoch,
  maskFrequency,
  maskTime,
  mixup,
  multiLabel,
  multiStep,
  noise,
  roll,
} from "specgraph";
import { ast, statistics } from "specgraph/ast";

/** In the order of the authors' CSV, so that their checkpoint speechcommands_10_10_0.9812.pth fits. */
// oxfmt-ignore
const classes = [
  "backward", "follow", "five", "bed", "zero", "on", "learn", "two", "house", "tree", "dog", "stop",
  "seven", "eight", "down", "six", "forward", "cat", "right", "visual", "four", "wow", "no", "nine",
  "off", "three", "left", "marvin", "yes", "up", "sheila", "happy", "bird", "go", "one",
];

export default ast({
  name: "speech-commands",
  frames: 128,
  statistics: statistics.speechCommands,
  // A clip has one word, a mixed clip two: the authors train each word by itself.
  objective: multiLabel({ classes }),
  training: {
    optimizer: adam({ learningRate: 2.5e-4, betas: [0.95, 0.999], weightDecay: 5e-7 }),
    schedule: multiStep({ milestones: everyEpoch({ from: 5, to: 29 }), factor: 0.85 }),
    batch: 128,
    epochs: 30,
    bestBy: "accuracy",
    augment: [mixup({ rate: 0.6 }), maskFrequency({ bins: 48 }), maskTime({ frames: 48 }), noise(), roll()],
  },
  pretrained: checkpoint(),
});
