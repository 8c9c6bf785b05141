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
