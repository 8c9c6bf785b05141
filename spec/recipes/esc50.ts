/**
 * AST-S on ESC-50, from DeiT's weights (section 3.2; the reference's egs/esc50/run_esc.sh, audiosetpretrain=False).
 * Reported: accuracy 88.7 %, the mean of five folds. The paper trains 20 epochs, the script 25.
 *
 *     npm run compile -- spec/recipes/esc50.ts --weights deit_base_distilled_patch16_384-d0272ac0.pth
 *     npx runtime train graph.onnx --data ESC-50 --fold 1
 *
 * The weights are at dl.fbaipublicfiles.com/deit. The authors train in mixed precision; where the device has float16
 * arithmetic, add `precision: mixedFloat16()`.
 */
import {
  adam,
  type Checkpoint,
  checkpoint,
  everyEpoch,
  maskFrequency,
  maskTime,
  type Model,
  multiStep,
  singleLabel,
} from "specgraph";
import { ast, statistics } from "specgraph/ast";

/** In the order of ESC-50's targets. */
// oxfmt-ignore
const classes = [
  "dog", "rooster", "pig", "cow", "frog", "cat", "hen", "insects", "sheep", "crow", "rain", "sea_waves",
  "crackling_fire", "crickets", "chirping_birds", "water_drops", "wind", "pouring_water", "toilet_flush",
  "thunderstorm", "crying_baby", "sneezing", "clapping", "breathing", "coughing", "footsteps", "laughing",
  "brushing_teeth", "snoring", "drinking_sipping", "door_wood_knock", "mouse_click", "keyboard_typing",
  "door_wood_creaks", "can_opening", "washing_machine", "vacuum_cleaner", "clock_alarm", "clock_tick",
  "glass_breaking", "helicopter", "chainsaw", "siren", "car_horn", "engine", "train", "church_bells", "airplane",
  "fireworks", "hand_saw",
];

interface Esc50Options {
  readonly name: string;
  readonly learningRate: number;
  readonly pretrained: Checkpoint;
}

/** AST-S and AST-P differ in the weights that they start from, and in their learning rate. */
export const esc50 = ({ name, learningRate, pretrained }: Esc50Options): Model =>
  ast({
    name,
    frames: 512,
    statistics: statistics.esc50,
    objective: singleLabel({ classes }),
    training: {
      optimizer: adam({ learningRate, betas: [0.95, 0.999], weightDecay: 5e-7 }),
      schedule: multiStep({ milestones: everyEpoch({ from: 5, to: 24 }), factor: 0.85 }),
      batch: 48,
      epochs: 25,
      augment: [maskFrequency({ bins: 24 }), maskTime({ frames: 96 })],
    },
    pretrained,
  });

export default esc50({ name: "esc50", learningRate: 1e-4, pretrained: checkpoint() });
