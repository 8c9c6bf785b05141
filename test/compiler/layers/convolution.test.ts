/** Convolutions against PyTorch: of images, and along the patches as BEATs has them. */
import { describe, expect, test } from "vitest";
import { convolution as row } from "../../../compiler/layers/convolution.ts";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import { lengthsOf } from "../../../compiler/ir/flow.ts";
import {
  attentionPooling,
  averagePooling,
  batchNorm,
  convolution,
  dense,
  depthwiseConvolution,
  gelu,
  imageToTokens,
  type Layers,
  maxPooling,
  meanOfPatches,
  patchEmbedding,
  residual,
  silu,
  squeezeExcite,
  tokenConvolution,
} from "../../../spec/dsl/index.ts";
import { committedGoldens, readGoldenJson } from "../../golden-data/golden.ts";
import { tiny } from "../tiny-model.ts";
import { errorOf, type GoldenGradients, runNetwork } from "./run-network.ts";

const golden = readGoldenJson(committedGoldens, "layers", "convolutions.json") as {
  readonly cases: readonly GoldenGradients[];
};

const square = (length: number) => ({ bins: length, frames: length });

const networks: Readonly<Record<string, Layers>> = {
  cnn: [
    convolution({ channels: 8, kernel: square(3), stride: square(2) }),
    [batchNorm(), silu()],
    convolution({ channels: 16, kernel: square(1) }),
    [batchNorm(), silu()],
    depthwiseConvolution({ kernel: { bins: 3, frames: 5 }, stride: { bins: 1, frames: 2 } }),
    [batchNorm(), silu()],
    squeezeExcite({ units: 4 }),
    convolution({ channels: 8, kernel: square(1) }),
    batchNorm(),
    residual(convolution({ kernel: square(3), groups: 4 }), batchNorm(), silu(), averagePooling({ size: square(1) })),
    maxPooling({ size: square(2) }),
    imageToTokens(),
    attentionPooling({ heads: 4 }),
    dense("classes"),
  ],
  beats: [
    patchEmbedding({ patch: square(4), stride: square(4), width: 8 }),
    residual(tokenConvolution({ kernel: 16, groups: 4, order: "timeFirst", weightNorm: true }), gelu()),
    meanOfPatches(),
    dense("classes"),
  ],
};

describe("loss and gradients are PyTorch's", () => {
  test.each(golden.cases)("$id", async (expected) => {
    const { found } = await runNetwork(networks[expected.id] ?? []);
    expect(errorOf(found, expected)).toBeLessThan(1e-5);
  });
});

describe("an image's size", () => {
  test.each<[Parameters<typeof convolution>[0], readonly number[]]>([
    [{ channels: 5, kernel: square(3) }, [5, 24, 16]],
    [{ kernel: square(4) }, [1, 24, 16]],
    [{ channels: 2, kernel: square(3), stride: { bins: 3, frames: 5 } }, [2, 5, 6]],
    [{ channels: 2, kernel: { bins: 16, frames: 1 }, padding: "none" }, [2, 24, 1]],
    [{ channels: 2, kernel: square(3), padding: "none", stride: square(2) }, [2, 11, 7]],
    [{ channels: 2, kernel: { bins: 1, frames: 50 } }, [2, 24, 16]],
  ])("%j", (options, lengths) => {
    const network = [convolution(options), imageToTokens(), meanOfPatches(), dense("classes")];
    const [placed] = normalizeSpec(tiny({ network }), () => undefined, "spec.ts").network;
    expect(placed && lengthsOf(placed.gives)).toStrictEqual(lengths);
  });

  test("frames that a place is made of, and those from one to the next, over several layers", () => {
    const network = [
      convolution({ channels: 2, kernel: square(3), stride: square(2) }),
      maxPooling({ size: square(2) }),
      convolution({ kernel: square(3) }),
      imageToTokens(),
      meanOfPatches(),
      dense("classes"),
    ];
    const placed = normalizeSpec(tiny({ network }), () => undefined, "spec.ts").network;
    const tokens = placed[3]?.gives;
    expect(tokens?.kind === "tokens" ? tokens.along : undefined).toStrictEqual({ patch: 3 + 2 + 8, stride: 4 });
  });

  test("a depthwise convolution is called by its builder's name", () => {
    expect([
      row.builder?.(depthwiseConvolution({ kernel: square(3) })),
      row.builder?.(convolution({ kernel: square(3) })),
    ]).toStrictEqual(["depthwiseConvolution", "convolution"]);
  });
});
