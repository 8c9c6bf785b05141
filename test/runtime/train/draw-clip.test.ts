import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Augmentation } from "../../../compiler/artifact/metadata.ts";
import { randomFrom, randomOf } from "../../../runtime/data/random.ts";
import { type ClipDraws, drawClip, placeMask } from "../../../runtime/train/draw-clip.ts";

const everything: Augmentation = {
  mixup: { rate: 0.5, alpha: 10 },
  frequencyMask: 48,
  timeMask: 192,
  noise: true,
  roll: { from: -10, to: 9 },
};
const nothing: Augmentation = { mixup: null, frequencyMask: null, timeMask: null, noise: false, roll: null };

const drawMany = (count: number, augmentation: Augmentation, random = randomOf(1)): ClipDraws[] =>
  Array.from({ length: count }, () => drawClip({ augmentation, clips: 8, frames: 1024, bins: 128 }, random));

/** The largest distance of a value's count from that of uniform draws in [from, from + length), in standard deviations. */
const unevenness = (values: readonly number[], from: number, length: number): number => {
  const counts = Array.from({ length }, () => 0);
  for (const value of values) counts[value - from] = (counts[value - from] ?? 0) + 1;
  const expected = values.length / length;
  return Math.max(...counts.map((count) => Math.abs(count - expected) / Math.sqrt(expected)));
};

test("masks for given uniforms, as torchaudio places them", () => {
  const { rows } = JSON.parse(
    readFileSync(new URL("../../../golden/features/specaug-masks.json", import.meta.url), "utf8"),
  ) as { rows: Record<"mask_param" | "size" | "u_width" | "u_start" | "start" | "end", number>[] };
  expect(rows).toHaveLength(20);
  for (const { mask_param: widest, size, u_width: width, u_start: start, ...expected } of rows) {
    expect(placeMask(widest, size, width, start)).toStrictEqual([expected.start, expected.end]);
  }
});

describe("distributions", () => {
  const draws = drawMany(20_000, everything);
  const mixups = draws.flatMap(({ mixup }) => mixup ?? []);

  test("half the clips are mixed, each partner is as likely, shares are Beta(10, 10)", () => {
    expect(Math.abs(mixups.length - 10_000)).toBeLessThan(4 * Math.sqrt(5000));
    expect(
      unevenness(
        mixups.map(({ partner }) => partner),
        0,
        8,
      ),
    ).toBeLessThan(4);
    const mean = mixups.reduce((sum, { share }) => sum + share, 0) / mixups.length;
    const variance = mixups.reduce((sum, { share }) => sum + (share - 0.5) ** 2, 0) / mixups.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 84 / mixups.length));
    expect(Math.abs(variance * 84 - 1)).toBeLessThan(0.06);
  });

  test.each([
    ["frequencyMask", 48, 128],
    ["timeMask", 192, 1024],
  ] as const)("%s: every width below the widest is as likely, and every mask fits", (name, widest, size) => {
    const masks = draws.map((draw) => draw[name]);
    expect(masks.every(([start, end]) => start >= 0 && end <= size && Number.isInteger(start))).toBe(true);
    expect(
      unevenness(
        masks.map(([start, end]) => end - start),
        0,
        widest,
      ),
    ).toBeLessThan(4);
    const positions = masks.map(([start, end]) => start / (size - (end - start)));
    expect(Math.abs(positions.reduce((sum, position) => sum + position, 0) / masks.length - 0.5)).toBeLessThan(0.01);
  });

  test("noise is of a uniform level up to a tenth, with values of its own", () => {
    const levels = draws.map(({ noise }) => noise.level);
    expect(
      unevenness(
        levels.map((level) => Math.floor(level * 100)),
        0,
        10,
      ),
    ).toBeLessThan(4);
    expect(new Set(draws.map(({ noise }) => noise.key)).size).toBeGreaterThan(19_980);
  });

  test("every shift is as likely", () => {
    expect(
      unevenness(
        draws.map(({ rollFrames }) => rollFrames),
        -10,
        20,
      ),
    ).toBeLessThan(4);
  });
});

test("no augmentation: the clip as it is, and nothing is drawn", () => {
  const random = randomOf(1);
  expect(drawMany(1, nothing, random)).toStrictEqual([
    { mixup: null, frequencyMask: [0, 0], timeMask: [0, 0], noise: { level: 0, key: 0 }, rollFrames: 0 },
  ]);
  expect(random.state()).toStrictEqual(randomOf(1).state());
});

test("a generator's state continues its draws", () => {
  const random = randomOf(5);
  drawMany(10, everything, random);
  const continued = randomFrom(JSON.parse(JSON.stringify(random.state())) as number[]);
  expect(drawMany(10, everything, continued)).toStrictEqual(drawMany(10, everything, random));
});
