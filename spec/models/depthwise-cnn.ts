/**
 * A small convolutional network in the manner of PSLA (Gong et al. 2021), the AST paper's baseline: EfficientNet's blocks (Tan and Le 2019,
 * table 1), depthwise separable with squeeze and excitation, batch norm after each convolution, and attention pooling with four heads at
 * the end (PSLA, section III-A). 128 mel bins, five seconds, as ESC-10 has them:
 *
 *     specgraph compile spec/models/depthwise-cnn.ts --out cnn.onnx
 */
import {
  adamW,
  attentionPooling,
  batchNorm,
  convolution,
  dense,
  depthwiseConvolution,
  dropout,
  imageToTokens,
  kaldiFbank,
  type Layers,
  type Model,
  model,
  normalize,
  numbered,
  padOrCut,
  removeMean,
  residual,
  silu,
  singleLabel,
  squeezeExcite,
  waveform,
} from "specgraph";
import { statistics } from "specgraph/ast";

const square = (length: number) => ({ bins: length, frames: length });

/** Convolved, normalised, activated. */
const convolved = (options: Parameters<typeof convolution>[0]): Layers => [convolution(options), batchNorm(), silu()];

/** EfficientNet's block but for its last norm's place: wider by `expansion`, by channel, excited, narrow again. */
const inverted = (taken: number, channels: number, kernel: number, stride: number, expansion = 4): Layers => [
  convolved({ channels: expansion * taken, kernel: square(1) }),
  depthwiseConvolution({ kernel: square(kernel), stride: square(stride) }),
  [batchNorm(), silu(), squeezeExcite({ units: Math.max(1, Math.floor(taken / 4)) })],
  [convolution({ channels, kernel: square(1) }), batchNorm()],
];

export interface DepthwiseCnn {
  /** The channels of the first convolution, then of each stage: a block that halves the image, and one that keeps it. */
  readonly channels?: readonly number[];
  readonly bins?: number;
  readonly frames?: number;
  readonly classes?: readonly string[];
  readonly epochs?: number;
  readonly batch?: number;
}

export const depthwiseCnn = ({
  channels = [16, 24, 40, 80],
  bins = 128,
  frames = 512,
  classes = numbered(10),
  epochs = 30,
  batch = 16,
}: DepthwiseCnn = {}): Model => {
  const [first = 16, ...stages] = channels;
  const last = channels.at(-1) ?? first;
  return model({
    name: "depthwise-cnn",
    input: waveform({ sampleRateHz: 16_000 }),
    features: [
      removeMean(),
      kaldiFbank({ bins, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }),
      padOrCut({ frames }),
      normalize(statistics.esc50),
    ],
    network: [
      convolved({ channels: first, kernel: square(3), stride: square(2) }),
      stages.map((width, stage) => [
        inverted(channels[stage] ?? first, width, stage % 2 === 0 ? 3 : 5, 2),
        residual(inverted(width, width, 3, 1)),
      ]),
      convolved({ channels: 2 * last, kernel: square(1) }),
      imageToTokens(),
      attentionPooling({ heads: 4 }),
      dropout({ rate: 0.2 }),
      dense("classes"),
    ],
    objective: singleLabel({ classes }),
    training: { optimizer: adamW({ learningRate: 1e-3, weightDecay: 0.01 }), batch, epochs },
  });
};

export default depthwiseCnn();
