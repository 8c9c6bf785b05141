import { expect, test } from "vitest";
import { absentSample } from "../../../compiler/artifact/names.ts";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { loadPart } from "../../../runtime/train/load-part.ts";

/** A clip's samples are its length, as often. */
const clip = (length: number, ...classIndices: number[]): Clip => ({
  name: String(length),
  source: { path: String(length) },
  classIndices,
});
const load = async ({ name }: Clip) => new Float32Array(Number(name)).fill(Number(name));

test("a part: its clips, their targets, the learning rate, and what the graph draws for their places", async () => {
  const clips = [clip(1, 0), clip(2, 1, 2)];
  const rows = clips.map((each, index) => ({ clip: each, place: 7 + index }));
  const { feeds, learningRate } = await loadPart(
    { rows, endsStep: true, step: 0 },
    {
      metadata: {
        classes: ["a", "b", "c"],
        objective: "multi-label",
        draws: [
          { input: "sevens", dtype: "float32", shape: ["batch", 1], distribution: { kind: "integer", from: 7, to: 7 } },
        ],
      },
      seed: 1,
      epoch: 1,
      clips,
      load,
      learningRate: 0.5,
    },
  );
  expect(learningRate).toBe(0.5);
  expect(Object.fromEntries(Object.entries(feeds).map(([name, { dims, data }]) => [name, [dims, data]]))).toStrictEqual(
    {
      waveform: [[2, 2], Float32Array.of(1, absentSample, 2, 2)],
      targets: [[2, 3], Float32Array.of(1, 0, 0, 0, 1, 1)],
      learning_rate: [[], Float32Array.of(0.5)],
      sevens: [[2, 1], Float32Array.of(7, 7)],
    },
  );
});

test.each([
  ["multi-label", 0],
  ["single-label", 0.25],
] as const)("background trains as none of the classes: %s", async (objective, target) => {
  const clips = [clip(1, 2), clip(2)];
  const rows = clips.map((each, place) => ({ clip: each, place }));
  const partner = { dtype: "float32", shape: ["batch", "samples"] } as const;
  const draws = [
    { ...partner, input: "partner", distribution: { kind: "clip", where: null } },
    { ...partner, shape: ["batch", 4], input: "its targets", distribution: { kind: "targets", of: "partner" } },
  ] as const;
  const { feeds } = await loadPart(
    { rows, endsStep: true, step: 0 },
    {
      metadata: { classes: ["a", "b", "c", "d"], objective, draws },
      seed: 1,
      epoch: 1,
      clips: [clip(3)],
      load,
      learningRate: 0.5,
    },
  );
  const none = [target, target, target, target];
  expect(feeds["targets"]?.data).toStrictEqual(Float32Array.of(0, 0, 1, 0, ...none));
  expect(feeds["its targets"]?.data).toStrictEqual(Float32Array.of(...none, ...none));
});
