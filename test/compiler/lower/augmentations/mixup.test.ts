import { Tensor } from "../../../onnxruntime.ts";
import { describe, expect, test } from "vitest";
import { absentSample } from "../../../../compiler/artifact/names.ts";
import type { NormalizedFeatures } from "../../../../compiler/ir/normalized-spec.ts";
import { createBuilder } from "../../../../compiler/ops/builder.ts";
import { mixup } from "../../../../compiler/lower/augmentations/mixup.ts";
import { referenceFbank } from "../../../golden-data/reference-features.ts";
import { generateTensor } from "../../../golden-data/deterministic-tensor.ts";
import { runGraph } from "../../run-graph.ts";

/** 3 frames of 5 samples, 2 samples apart: put together of 3 parts each, they reach over 10 samples. */
const features: NormalizedFeatures = {
  ...referenceFbank,
  bins: 4,
  frameLengthSamples: 5,
  frameShiftSamples: 2,
  frames: 3,
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

const floats = (values: readonly number[], ...dims: readonly number[]): Tensor =>
  new Tensor("float32", Float32Array.from(values), dims);

interface Drawn {
  readonly clips: readonly Float32Array[];
  readonly partners: readonly Float32Array[];
  readonly mixed: readonly boolean[];
  readonly shares: readonly number[];
}

/** Rows of the mixtures [clips, samples in reach], and of their targets; each clip is of class 0 and 1, its partner of 1 and 2. */
const run = async ({ clips, partners, mixed, shares }: Drawn, removeMean: boolean) => {
  const b = createBuilder();
  const signal = b.input("waveform", { dtype: "float32", shape: ["batch", "samples"] });
  const targets = b.input("targets", { dtype: "float32", shape: ["batch", 3] });
  const settings = { kind: "mixup", rate: 0.5, alpha: 10 } as const;
  const batch = mixup.lower(b, { signal, targets }, settings, { ...features, removeMean });
  const results = await runGraph(b.finish([batch.signal, batch.targets]), {
    waveform: fill(clips),
    targets: floats(
      clips.flatMap(() => [1, 1, 0]),
      clips.length,
      3,
    ),
    mixup: floats(mixed.map(Number), clips.length),
    mixup_share: floats(shares, clips.length),
    mixup_waveform: fill(partners),
    mixup_targets: floats(
      clips.flatMap((_, row) => (mixed[row] ? [0, 1, 1] : [0, 0, 0])),
      clips.length,
      3,
    ),
  });
  const [waveforms = [], labels = []] = results.map(({ data, dims: [, width = 1] }) =>
    clips.map((_, row) => Array.from((data as Float32Array).subarray(row * width, (row + 1) * width))),
  );
  return { waveforms, labels };
};

describe.each([true, false])("mixtures of waveforms, means removed: %s", (removeMean) => {
  // A partner that ends before its clip, with it, after it, beyond the frames' reach, and clips on either side of it.
  const clips = makeClips("clip", [8, 8, 8, 6, 10, 15, 15]);
  const partners = makeClips("partner", [3, 8, 9, 20, 11, 4, 19]);
  const shares = [0.5, 0.25, 0.4375, 0.6, 0.1, 0.9, 0.3];

  const mixed = clips.map(() => true);

  test("each clip with its partner, cut or filled with zeros to the clip's length", async () => {
    const { waveforms } = await run({ clips, partners, mixed, shares }, removeMean);
    clips.forEach((clip, row) => {
      const expected = mix(clip, partners[row] ?? clip, shares[row] ?? NaN, removeMean);
      expected.forEach((sample, index) => expect(waveforms[row]?.[index]).toBeCloseTo(sample, 6));
      const absent = Array.from({ length: reach - expected.length }, () => absentSample);
      expect(waveforms[row]?.slice(expected.length)).toStrictEqual(absent);
    });
  });

  test("targets by their shares; classes of both stay whole", async () => {
    const { labels } = await run({ clips, partners, mixed, shares }, removeMean);
    labels.forEach((label, row) => {
      const share = Math.fround(shares[row] ?? NaN);
      expect(label).toStrictEqual([share, 1, Math.fround(1 - share)]);
    });
  });

  test("a clip that is not mixed is left alone, whatever is drawn for it", async () => {
    const none = clips.map(() => false);
    const { waveforms, labels } = await run({ clips, partners, mixed: none, shares }, removeMean);
    clips.forEach((clip, row) =>
      mix(clip, clip, 1, removeMean).forEach((sample, index) => expect(waveforms[row]?.[index]).toBeCloseTo(sample, 6)),
    );
    const silence = clips.map(() => new Float32Array(1));
    const silent = await run({ clips, partners: silence, mixed: none, shares: clips.map(() => 0) }, removeMean);
    expect(silent).toStrictEqual({ waveforms, labels });
    expect(labels).toStrictEqual(clips.map(() => [1, 1, 0]));
  });
});
