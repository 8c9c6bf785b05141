import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { soundKinds, soundRateHz, synthesise } from "../../../runtime/data/synthesise.ts";

const hash = (samples: Float32Array) => createHash("sha256").update(new Uint8Array(samples.buffer)).digest("hex");

describe.each(soundKinds)("%s", (kind) => {
  test("is one second of finite samples within [-1, 1], neither silent nor clipped for long", () => {
    for (let index = 0; index < 20; index++) {
      const samples = synthesise({ kind, index, seed: 1 });
      expect(samples).toHaveLength(soundRateHz);
      expect(samples.every((sample) => Math.abs(sample) <= 1)).toBe(true);
      expect(samples.filter((sample) => Math.abs(sample) === 1).length).toBeLessThan(100);
      const power = samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length;
      expect(10 * Math.log10(power)).toBeGreaterThan(-40);
    }
  });

  test("depends on its seed and index and nothing else", () => {
    const hashes = [1, 2].flatMap((seed) => [0, 1, 2].map((index) => hash(synthesise({ kind, index, seed }))));
    expect(new Set(hashes).size).toBe(6);
    expect(hash(synthesise({ kind, index: 0, seed: 1 }))).toBe(hashes[0]);
  });
});

/** How often the sign changes, per second, in a part of the sound: twice its pitch where it has one. */
const crossings = (samples: Float32Array): number =>
  (samples.filter((sample, index) => sample > 0 !== (samples[index - 1] ?? 0) > 0).length * soundRateHz) /
  samples.length;

test("chirps rise and fall", () => {
  const ratio = (kind: string, index: number): number => {
    const samples = synthesise({ kind, index, seed: 1 });
    const peak = samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
    const loud = samples.findIndex((sample) => Math.abs(sample) > peak / 2);
    return crossings(samples.subarray(loud + 5000, loud + 6000)) / crossings(samples.subarray(loud, loud + 1000));
  };
  for (let index = 0; index < 10; index++) {
    expect(ratio("rising chirp", index)).toBeGreaterThan(1.2);
    expect(ratio("falling chirp", index)).toBeLessThan(0.8);
  }
});

test("the sounds are the same on every machine", () => {
  expect(soundKinds.map((kind) => hash(synthesise({ kind, index: 7, seed: 1 })).slice(0, 12))).toMatchInlineSnapshot(`
    [
      "392598844dd7",
      "8cf643df0d55",
      "a6289dae9a4f",
      "80bc9c750c4b",
      "95de7e5dc37e",
      "b7beeab4cd2d",
      "ebdc02362d3d",
      "e054899b5bf9",
      "89cfa17dc18f",
      "c1f32d2bfe37",
    ]
  `);
});

test("another kind is a mistake", () => {
  expect(() => synthesise({ kind: "gong", index: 0, seed: 1 })).toThrow('there is no embedded sound "gong"');
});
