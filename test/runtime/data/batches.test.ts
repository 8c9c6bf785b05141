import { expect, test } from "vitest";
import { absentSample } from "../../../compiler/artifact.ts";
import { type BatchesOptions, batches } from "../../../runtime/data/batches.ts";
import type { Clip } from "../../../runtime/data/dataset.ts";

const clips: readonly Clip[] = [[0], [1, 2], [2], [0], [1]].map((classIndices, index) => ({
  name: String(index),
  source: { path: String(index) },
  classIndices,
}));

/** A clip's samples are its number, as often as its number plus one. */
const load = async ({ name }: Clip) => new Float32Array(Number(name) + 1).fill(Number(name));

const options: BatchesOptions = { clips, order: [3, 0, 1, 4], batch: 2, classes: 3, load };

test("batches in order, with targets, the last with what is left", async () => {
  const found = [];
  for await (const batch of batches({ ...options, order: [1, 0, 2] })) found.push(batch);
  expect(found).toEqual([
    {
      clips: [clips[1], clips[0]],
      waveform: Float32Array.of(1, 1, 0, absentSample),
      samples: 2,
      targets: Float32Array.of(0, 1, 1, 1, 0, 0),
    },
    { clips: [clips[2]], waveform: Float32Array.of(2, 2, 2), samples: 3, targets: Float32Array.of(0, 0, 1) },
  ]);
});

test.each([0, 1, 2])("%d batches are loaded ahead, and no more", async (ahead) => {
  const asked: string[] = [];
  const counting = (clip: Clip) => {
    asked.push(clip.name);
    return load(clip);
  };
  const order = [0, 1, 2, 3, 4, 0, 1, 2, 3, 4];
  const iterator = batches({ ...options, order, batch: 1, load: counting, ahead });
  await iterator.next();
  expect(asked).toHaveLength(1 + ahead);
  await iterator.next();
  expect(asked).toHaveLength(2 + ahead);
  await iterator.return();
});

test("a clip that cannot be loaded fails its own batch, when that is due", async () => {
  const failing = (clip: Clip) => (clip.name === "1" ? Promise.reject(new Error("clip 1 is broken")) : load(clip));
  const iterator = batches({ ...options, load: failing });
  const first = await iterator.next();
  expect(first.done).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 10)); // the failure is known by now, and not yet thrown
  await expect(iterator.next()).rejects.toThrow("clip 1 is broken");
});

test("no clips, no batches", async () => {
  const iterator = batches({ ...options, order: [] });
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});
