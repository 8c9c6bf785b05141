import { expect, test } from "vitest";
import { normalizeSpec } from "../../../../compiler/frontend/normalize-spec.ts";
import { filledWith, type NormalizedFeatures } from "../../../../compiler/ir/normalized-spec.ts";
import { featureWarnings } from "../../../../compiler/lower/features/feature-warnings.ts";
import { lowerFeatures } from "../../../../compiler/lower/features/lower-features.ts";
import { createBuilder } from "../../../../compiler/ops/builder.ts";
import { type Decibels, decibels, melSpectrogram, normalize, padOrCut } from "../../../../spec/dsl/index.ts";
import { generateTensor } from "../../../golden-data/deterministic-tensor.ts";
import { Tensor } from "../../../onnxruntime.ts";
import { runGraph } from "../../run-graph.ts";
import { tiny } from "../../tiny-model.ts";

const sampleRateHz = 16_000;

const settle = (fill?: number, options: Omit<Decibels, "kind"> = {}, power: 1 | 2 = 2): NormalizedFeatures =>
  normalizeSpec(
    tiny({
      features: [
        melSpectrogram({ bins: 16, fftSamples: 256, power }),
        decibels(options),
        padOrCut({ frames: 24, ...(fill === undefined ? {} : { fill }) }),
        normalize({ mean: -30, std: 20 }),
      ],
    }),
    () => undefined,
    "spec.ts",
  ).features;

/** The features [24, 16] of a clip that has 11 frames. */
const featuresOf = async (features: NormalizedFeatures): Promise<readonly number[]> => {
  const b = createBuilder();
  const waveform = b.input("waveform", { dtype: "float32", shape: ["batch", "samples"] });
  const { values } = lowerFeatures(b, waveform, features, sampleRateHz);
  const clip = new Tensor("float32", generateTensor("fill", 10 * 128, 0.1), [1, 10 * 128]);
  const [result] = await runGraph(b.finish([values]), { waveform: clip });
  return Array.from(result?.data as Float32Array);
};

test("frames that a clip does not have are what the spec says, before normalisation; by default 0", async () => {
  const [silent, zero] = [await featuresOf(settle(-100)), await featuresOf(settle())];
  const heard = 11 * 16;
  expect(silent.slice(0, heard)).toStrictEqual(zero.slice(0, heard));
  expect(new Set(silent.slice(heard))).toStrictEqual(new Set([Math.fround((-100 + 30) / 20)]));
  expect(new Set(zero.slice(heard))).toStrictEqual(new Set([Math.fround(30 / 20)]));
  // What masks fill with.
  expect(filledWith(settle(-100))).toBeCloseTo((-100 + 30) / 20, 12);
});

test("zeros in decibels are warned of, with what silence is there, unless they are written", () => {
  const warn = (features: NormalizedFeatures) => featureWarnings({ features, sampleRateHz });
  expect(warn(settle())).toStrictEqual([
    "padOrCut fills clips that are too short with 0 dB, which is loud: silence is -100 dB; take padOrCut({ ..., fill: -100 }), or fill: 0 where that is meant",
  ]);
  expect(warn(settle(undefined, { floor: 1e-5, reference: 20 }, 1))[0]).toContain("silence is -126 dB");
  expect(warn(settle(undefined, { floor: 1 }))).toStrictEqual([]);
  expect(warn(settle(0))).toStrictEqual([]);
  expect(warn(settle(-80))).toStrictEqual([]);
});
