import { Tensor } from "../../../runtime/engine/onnxruntime.ts";
import { describe, expect, test } from "vitest";
import { absentSample } from "../../../compiler/artifact/names.ts";
import type { NormalizedFeatures } from "../../../compiler/ir/normalized-spec.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { lowerMixup } from "../../../compiler/lower/lower-mixup.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { runGraph } from "../run-graph.ts";

/** 3 frames of 5 samples, 2 samples apart: put together of 3 parts each, they reach over 10 samples. */
const features: NormalizedFeatures = {
  removeMean: true,
  bins: 4,
  frameLengthSamples: 5,
  frameShiftSamples: 2,
  window: "hanning",
  lowHz: 20,
  highHz: 8000,
  preemphasis: 0.97,
  frames: 3,
  mean: 0,
  scale: 1,
};
const reach = 10;

const makeClips = (key: string, lengths: readonly number[]): readonly Float32Array[] =>
  lengths.map((length, index) => generateTensor(`mixup/${key}/${index}`, length, 0.3, 0.2));

/** Clips as one tensor, shorter ones filled up with absent samples. */
const fill = (clips: readonly Float32Array[]): Tensor => {
  const longest = Math.max(...clips.map(({ length }) => length));
  const data = new Float32Array(clips.length * longest).fill(absentSample);
  clips.forEach((clip, row) => data.set(clip, row * longest));
  return new Tensor("float32", data, [clips.length, longest]);
};

const centre = (clip: Float32Array): number[] => {
  const mean = clip.reduce((sum, sample) => sum + sample, 0) / clip.length;
  return Array.from(clip, (sample) => sample - mean);
};

/** The samples in reach of the frames, mixed as the reference's dataloader does before it removes the mixture's mean. */
const mix = (clip: Float32Array, partner: Float32Array, share: number, removeMean: boolean): number[] => {
  const [own, other] = removeMean ? [centre(clip), centre(partner)] : [Array.from(clip), Array.from(partner)];
  return own.slice(0, reach).map((sample, index) => share * sample + (1 - share) * (other[index] ?? 0));
};

const run = async (
  clips: readonly Float32Array[],
  partners: readonly Float32Array[],
  shares: readonly number[],
  removeMean: boolean,
): Promise<readonly number[][]> => {
  const b = createBuilder();
  const waveform = b.input("waveform", { dtype: "float32", shape: ["batch", "samples"] });
  const [result] = await runGraph(b.finish([lowerMixup(b, waveform, { ...features, removeMean })]), {
    waveform: fill(clips),
    mixup_waveform: fill(partners),
    mixup_share: new Tensor("float32", Float32Array.from(shares), [shares.length]),
  });
  const values = Array.from(result?.data as Float32Array);
  return clips.map((_, row) => values.slice(row * reach, (row + 1) * reach));
};

describe.each([true, false])("mixtures of waveforms, means removed: %s", (removeMean) => {
  // A partner that ends before its clip, with it, after it, beyond the frames' reach, and clips on either side of it.
  const clips = makeClips("clip", [8, 8, 8, 6, 10, 15, 15]);
  const partners = makeClips("partner", [3, 8, 9, 20, 11, 4, 19]);
  const shares = [0.5, 0.25, 0.4375, 0.6, 0.1, 0.9, 0.3];

  test("each clip with its partner, cut or filled with zeros to the clip's length", async () => {
    const mixtures = await run(clips, partners, shares, removeMean);
    clips.forEach((clip, row) => {
      const expected = mix(clip, partners[row] ?? clip, shares[row] ?? NaN, removeMean);
      expected.forEach((sample, index) => expect(mixtures[row]?.[index]).toBeCloseTo(sample, 6));
      const absent = Array.from({ length: reach - expected.length }, () => absentSample);
      expect(mixtures[row]?.slice(expected.length)).toStrictEqual(absent);
    });
  });

  test("a share of 1 leaves the clip alone, whatever its partner is", async () => {
    const whole = clips.map(() => 1);
    const mixtures = await run(clips, partners, whole, removeMean);
    clips.forEach((clip, row) =>
      mix(clip, clip, 1, removeMean).forEach((sample, index) => expect(mixtures[row]?.[index]).toBeCloseTo(sample, 6)),
    );
    const silence = clips.map(() => new Float32Array(1));
    expect(await run(clips, silence, whole, removeMean)).toStrictEqual(mixtures);
  });
});
