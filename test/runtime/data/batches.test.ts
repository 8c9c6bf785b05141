import { expect, test } from "vitest";
import { absentSample } from "../../../compiler/artifact/names.ts";
import { batches, fillBatch } from "../../../runtime/data/batches.ts";
import type { Clip } from "../../../runtime/data/dataset.ts";

const clips: readonly Clip[] = [[1, 2], [0], [2]].map((classIndices, index) => ({
  name: String(index),
  source: { path: String(index) },
  classIndices,
}));

/** A clip's samples are its number, as often as its number plus one. */
const load = async ({ name }: Clip) => new Float32Array(Number(name) + 1).fill(Number(name));

test("batches in order, with targets, the last with what is left", async () => {
  const found = [];
  for await (const batch of batches({ clips, batch: 2, classes: 3, load })) found.push(batch);
  expect(found).toStrictEqual([
    {
      clips: [clips[0], clips[1]],
      waveform: Float32Array.of(0, absentSample, 1, 1),
      samples: 2,
      targets: Float32Array.of(0, 1, 1, 1, 0, 0),
    },
    { clips: [clips[2]], waveform: Float32Array.of(2, 2, 2), samples: 3, targets: Float32Array.of(0, 0, 1) },
  ]);
});

test("no clips, no batches", async () => {
  const iterator = batches({ clips: [], batch: 2, classes: 3, load });
  expect(await iterator.next()).toStrictEqual({ done: true, value: undefined });
});

test("shorter clips are filled up with the absent sample", () => {
  const { waveform, samples } = fillBatch([Float32Array.of(1, 2), Float32Array.of(3), Float32Array.of(4, 5, 6)]);
  expect(samples).toBe(3);
  expect([...waveform]).toEqual([1, 2, absentSample, 3, absentSample, absentSample, 4, 5, 6]);
});
