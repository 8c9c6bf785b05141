import { expect, test } from "vitest";
import type { Augmentation, Recipe } from "../../../compiler/artifact/metadata.ts";
import { absentSample } from "../../../compiler/artifact/names.ts";
import type { Clip } from "../../../runtime/data/dataset.ts";
import type { ClipDraws } from "../../../runtime/train/draw-clip.ts";
import { loadPart } from "../../../runtime/train/load-part.ts";
import { metadata } from "../artifact/linear-artifact.ts";

const none: Augmentation = { mixup: null, frequencyMask: null, timeMask: null, noise: false, roll: null };
const undrawn: ClipDraws = {
  mixup: null,
  frequencyMask: [0, 0],
  timeMask: [0, 0],
  noise: { level: 0, key: 0 },
  rollFrames: 0,
};

/** A clip's samples are its length, as often. */
const clip = (length: number, ...classIndices: number[]): Clip => ({
  name: String(length),
  source: { path: String(length) },
  classIndices,
});
const load = async ({ name }: Clip) => new Float32Array(Number(name)).fill(Number(name));
const mixed = (own: Clip, partner: Clip, share: number) => ({
  clip: own,
  partner,
  draws: { ...undrawn, mixup: { partner: 0, share } },
});
const plain = (own: Clip) => ({ clip: own, partner: undefined, draws: undrawn });

const feedsOf = async (rows: Parameters<typeof loadPart>[0]["rows"], recipe: Partial<Recipe>, endsStep = true) => {
  const { feeds } = await loadPart(
    { rows, endsStep, step: 0, random: [] },
    {
      metadata: { ...metadata, classes: ["a", "b", "c"] },
      recipe: { ...metadata.recipe, ...recipe },
      load,
      learningRate: 0.5,
    },
  );
  return Object.fromEntries(Object.entries(feeds).map(([name, { dims, data }]) => [name, [dims, data]]));
};

test("a plain part", async () => {
  expect(await feedsOf([plain(clip(1, 0)), plain(clip(2, 1, 2))], { augmentation: none })).toStrictEqual({
    waveform: [[2, 2], Float32Array.of(1, absentSample, 2, 2)],
    targets: [[2, 3], Float32Array.of(1, 0, 0, 0, 1, 1)],
    learning_rate: [[], Float32Array.of(0.5)],
  });
});

test("mixtures: partners as they are, targets by their shares, classes of both whole", async () => {
  const rows = [plain(clip(1, 0)), mixed(clip(2, 0, 1), clip(3, 1, 2), 0.75), mixed(clip(1, 2), clip(1, 2), 0.3)];
  const feeds = await feedsOf(rows, { augmentation: { ...none, mixup: { rate: 0.5, alpha: 10 } } });
  expect(feeds["mixup_waveform"]).toStrictEqual([
    [3, 3],
    Float32Array.of(0, absentSample, absentSample, 3, 3, 3, 1, absentSample, absentSample),
  ]);
  expect(feeds["mixup_share"]).toStrictEqual([[3], Float32Array.of(1, 0.75, 0.3)]);
  expect(feeds["targets"]).toStrictEqual([[3, 3], Float32Array.of(1, 0, 0, 0.75, 1, 0.25, 0, 0, 1)]);
});
