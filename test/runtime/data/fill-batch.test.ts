import { expect, test } from "vitest";
import { absentSample } from "../../../compiler/artifact/names.ts";
import { fillBatch } from "../../../runtime/data/fill-batch.ts";

test("shorter clips are filled up with the absent sample", () => {
  const { waveform, samples } = fillBatch([Float32Array.of(1, 2), Float32Array.of(3), Float32Array.of(4, 5, 6)]);
  expect(samples).toBe(3);
  expect([...waveform]).toEqual([1, 2, absentSample, 3, absentSample, absentSample, 4, 5, 6]);
});
