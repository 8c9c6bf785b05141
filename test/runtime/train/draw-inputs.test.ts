import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cut, sum, wholeSteps } from "../../../compiler/artifact/dim.ts";
import type { Distribution, Draw } from "../../../compiler/artifact/draws.ts";
import { absentSample } from "../../../compiler/artifact/names.ts";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { drawInputs, type DrawingOptions, placeSpan } from "../../../runtime/train/draw-inputs.ts";

/** A clip's samples are its number, as often. */
const clips = Array.from({ length: 8 }, (_, index): Clip => ({
  name: `clip ${index + 1}`,
  source: { path: String(index + 1) },
  classIndices: [index % 3, ...(index === 7 ? [2] : [])],
}));
const load = async ({ name }: Clip): Promise<Float32Array> => {
  const number = Number(name.split(" ")[1]);
  return new Float32Array(number).fill(number);
};

const draw = (input: string, distribution: Distribution, ...rest: readonly Draw["shape"][number][]): Draw => ({
  input,
  dtype: "float32",
  shape: ["batch", ...rest],
  distribution,
});

const everything: readonly Draw[] = [
  draw("mixed", { kind: "bernoulli", chance: 0.5 }),
  draw("share", { kind: "beta", alpha: 10 }),
  draw("partner", { kind: "clip", where: "mixed" }, "drawn_samples"),
  draw("partner_targets", { kind: "targets", of: "partner" }, 3),
  draw("mask", { kind: "span", widest: 48, within: 128 }, 2),
  draw("kept", { kind: "subset", of: 9 }, 4),
  draw("noise", { kind: "uniform", from: 0, to: 1 }, 4, 3),
  draw("level", { kind: "uniform", from: 0, to: 0.1 }),
  draw("shift", { kind: "integer", from: -10, to: 9 }),
  draw("jitter", { kind: "normal", mean: 1, deviation: 0.5 }, 2),
];

const options: DrawingOptions = { draws: everything, seed: 1, epoch: 1, clips, load };

const drawn = async (places: readonly number[], changes: Partial<DrawingOptions> = {}) =>
  Object.fromEntries(
    Object.entries(await drawInputs({ places, samples: 7 }, { ...options, ...changes })).map(
      ([input, { dims, data }]) => [input, { dims, data: data as Float32Array }],
    ),
  );

/** Many clips' values of one input, clip after clip. */
const valuesOf = async (distribution: Distribution, count: number, ...rest: readonly number[]): Promise<number[]> => {
  const places = Array.from({ length: count }, (_, place) => place);
  const { x } = await drawn(places, { draws: [draw("x", distribution, ...rest)] });
  return Array.from(x?.data ?? []);
};

/** The largest distance of a value's count from that of uniform draws in [from, from + length), in standard deviations. */
const unevenness = (values: readonly number[], from: number, length: number): number => {
  const counts = Array.from({ length }, () => 0);
  for (const value of values) counts[value - from] = (counts[value - from] ?? 0) + 1;
  const expected = values.length / length;
  return Math.max(...counts.map((count) => Math.abs(count - expected) / Math.sqrt(expected)));
};
const moment = (values: readonly number[], power: number, about = 0): number =>
  values.reduce((sum, value) => sum + (value - about) ** power, 0) / values.length;

test("spans for given uniforms, as torchaudio places its masks", () => {
  const { rows } = JSON.parse(
    readFileSync(new URL("../../../golden/features/specaug-masks.json", import.meta.url), "utf8"),
  ) as { rows: Record<"mask_param" | "size" | "u_width" | "u_start" | "start" | "end", number>[] };
  expect(rows).toHaveLength(20);
  for (const { mask_param: widest, size: within, u_width: length, u_start: start, ...expected } of rows) {
    expect(placeSpan({ widest, within }, length, start)).toStrictEqual([expected.start, expected.end]);
  }
});

test("of lengths that the batch's samples decide, a clip's values are the first ones, whatever the batch", async () => {
  const frames = sum([wholeSteps(cut("samples", 0, 40) ?? 0, 5, 3), 1]);
  const draws = [draw("noise", { kind: "uniform", from: 0, to: 1 }, frames, 2)];
  const noiseOf = async (samples: number) =>
    (await drawInputs({ places: [0, 1], samples }, { ...options, draws }))["noise"] ?? { dims: [], data: [] };
  const [short, long] = [await noiseOf(8), await noiseOf(100)];
  expect(short.dims).toStrictEqual([2, 2, 2]);
  expect(long.dims).toStrictEqual([2, 12, 2]);
  const rows = [long.data.slice(0, 4), long.data.slice(24, 28)].flatMap((row) => Array.from(row, Number));
  expect(Array.from(short.data, Number)).toStrictEqual(rows);
});

describe("distributions", () => {
  const many = 20_000;

  test("bernoulli: 1 with its chance, else 0; never and always", async () => {
    const values = await valuesOf({ kind: "bernoulli", chance: 0.3 }, many);
    expect(new Set(values)).toStrictEqual(new Set([0, 1]));
    expect(Math.abs(moment(values, 1) - 0.3)).toBeLessThan(4 * Math.sqrt(0.21 / many));
    expect(new Set(await valuesOf({ kind: "bernoulli", chance: 0 }, 100))).toStrictEqual(new Set([0]));
    expect(new Set(await valuesOf({ kind: "bernoulli", chance: 1 }, 100))).toStrictEqual(new Set([1]));
  });

  test("beta(10, 10)", async () => {
    const values = await valuesOf({ kind: "beta", alpha: 10 }, many);
    expect(Math.abs(moment(values, 1) - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 84 / many));
    expect(Math.abs(moment(values, 2, 0.5) * 84 - 1)).toBeLessThan(0.06);
  });

  test("normal", async () => {
    const values = await valuesOf({ kind: "normal", mean: 3, deviation: 2 }, many);
    expect(Math.abs(moment(values, 1) - 3)).toBeLessThan(4 * (2 / Math.sqrt(many)));
    expect(moment(values, 2, 3)).toBeCloseTo(4, 0);
    expect(moment(values, 4, 3) / 16).toBeCloseTo(3, 0);
  });

  test.each([
    [48, 128],
    [192, 1024],
    [4, 4],
  ])("span of up to %d in %d: every length below is as likely, and every span fits", async (widest, within) => {
    const values = await valuesOf({ kind: "span", widest, within }, many, 2);
    const spans = Array.from({ length: many }, (_, clip) => [values[2 * clip] ?? NaN, values[2 * clip + 1] ?? NaN]);
    const lengths = spans.map(([start = NaN, end = NaN]) => end - start);
    expect(spans.every(([start = -1, end = Infinity]) => start >= 0 && end <= within)).toBe(true);
    expect(spans.flat().every(Number.isInteger)).toBe(true);
    expect(unevenness(lengths, 0, widest)).toBeLessThan(4);
    if (widest === within) return;
    const positions = spans.map(([start = NaN, end = NaN]) => start / (within - (end - start)));
    expect(Math.abs(moment(positions, 1) - 0.5)).toBeLessThan(0.01);
  });

  test("subset: ascending places, each as likely, and so is each subset", async () => {
    const values = await valuesOf({ kind: "subset", of: 5 }, many, 3);
    const subsets = Array.from({ length: many }, (_, clip) => values.slice(3 * clip, 3 * clip + 3));
    expect(subsets.every(([a = NaN, b = NaN, c = NaN]) => a >= 0 && a < b && b < c && c < 5)).toBe(true);
    expect(unevenness(values, 0, 5)).toBeLessThan(4);
    const kinds = [...new Set(subsets.map((each) => each.join()))];
    expect(kinds).toHaveLength(10);
    expect(
      unevenness(
        subsets.map((each) => kinds.indexOf(each.join())),
        0,
        10,
      ),
    ).toBeLessThan(4);
    expect(await valuesOf({ kind: "subset", of: 3 }, 2, 3)).toStrictEqual([0, 1, 2, 0, 1, 2]);
  });

  test("uniform, in its range and of many values a clip", async () => {
    const values = await valuesOf({ kind: "uniform", from: 0, to: 1 }, 2, 100, 100);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(moment(values, 1)).toBeCloseTo(1 / 2, 2);
    expect(moment(values, 2)).toBeCloseTo(1 / 3, 2);
    const levels = await valuesOf({ kind: "uniform", from: -2, to: 3 }, many);
    expect(unevenness(levels.map(Math.floor), -2, 5)).toBeLessThan(4);
  });

  test("integer: each of its range, both ends included, is as likely", async () => {
    expect(unevenness(await valuesOf({ kind: "integer", from: -10, to: 9 }, many), -10, 20)).toBeLessThan(4);
    expect(new Set(await valuesOf({ kind: "integer", from: 7, to: 7 }, 100))).toStrictEqual(new Set([7]));
  });

  test("clip: each training clip is as likely", async () => {
    const places = Array.from({ length: many }, (_, place) => place);
    const { x } = await drawn(places, {
      draws: [draw("x", { kind: "clip", where: null }, "drawn_samples")],
      load: async (clip) => (await load(clip)).subarray(0, 1),
    });
    expect(unevenness(Array.from(x?.data ?? []), 1, 8)).toBeLessThan(4);
  });
});

test("every input by its name and shape", async () => {
  const { partner, ...inputs } = await drawn([4, 7]);
  expect(Object.entries(inputs).map(([input, { dims }]) => [input, ...dims])).toStrictEqual([
    ["mixed", 2],
    ["share", 2],
    ["partner_targets", 2, 3],
    ["mask", 2, 2],
    ["kept", 2, 4],
    ["noise", 2, 4, 3],
    ["level", 2],
    ["shift", 2],
    ["jitter", 2, 2],
  ]);
  expect(partner?.dims[0]).toBe(2);
  expect(await drawn([4, 7], { draws: [] })).toStrictEqual({});
});

test("partners where they are drawn: their waveforms as in a batch and their classes; elsewhere nothing is loaded", async () => {
  const loaded: string[] = [];
  const places = Array.from({ length: 40 }, (_, place) => place);
  const inputs = await drawn(places, {
    load: async (clip) => {
      loaded.push(clip.name);
      return load(clip);
    },
  });
  const { mixed, partner, partner_targets: targets } = inputs;
  const samples = partner?.dims[1] ?? 0;
  const isMixed = places.map((place) => mixed?.data[place] === 1);
  for (const place of places) {
    const row = Array.from(partner?.data.subarray(place * samples, (place + 1) * samples) ?? []);
    const present = row.filter((sample) => sample !== absentSample);
    const number = isMixed[place] ? present.length : 0;
    expect(present).toStrictEqual(number === 0 ? [0] : Array.from({ length: number }, () => number));
    const heard = clips[number - 1]?.classIndices ?? [];
    const own = Array.from(targets?.data.subarray(place * 3, (place + 1) * 3) ?? []);
    expect(own).toStrictEqual([0, 1, 2].map((index) => Number(heard.includes(index))));
  }
  const partners = isMixed.filter(Boolean).length;
  expect(loaded).toHaveLength(partners);
  expect(partners).toBeGreaterThan(8);
  expect(partners).toBeLessThan(32);
});

describe("what a clip gets", () => {
  test("is the same for the same seed, epoch and place, and another for another", async () => {
    const noise = async (places: readonly number[], changes: Partial<DrawingOptions> = {}) =>
      Array.from((await drawn(places, changes))["noise"]?.data ?? []);
    const found = await Promise.all([
      noise([0]),
      noise([1]),
      noise([0], { seed: 2 }),
      noise([0], { seed: -1 }),
      noise([0], { epoch: 2 }),
    ]);
    expect(new Set(found.map(String)).size).toBe(5);
    expect(await noise([0])).toStrictEqual(found[0]);
    expect(new Set(found[0]).size).toBe(12);
  });

  test("does not depend on the clips beside it, nor on their order", async () => {
    const [together, apart] = [await drawn([0, 1, 2, 3]), await drawn([3, 1])];
    for (const { input } of everything) {
      if (input === "partner") continue;
      const rows = ({ data }: { readonly data: Float32Array }, count: number) =>
        Array.from({ length: count }, (_, row) =>
          data.slice((row * data.length) / count, ((row + 1) * data.length) / count),
        );
      const [a, b] = [together[input], apart[input]];
      if (!a || !b) throw new Error(`${input} is not drawn`);
      const [, second, , fourth] = rows(a, 4);
      expect(rows(b, 2), input).toStrictEqual([fourth, second]);
    }
  });

  test("does not depend on what else is drawn; inputs of one distribution differ", async () => {
    const alone = await drawn([5], { draws: everything.filter(({ input }) => input === "level") });
    expect(alone["level"]).toStrictEqual((await drawn([5]))["level"]);
    const uniform = { kind: "uniform", from: 0, to: 1 } as const;
    const { a, b, ab, ba } = await drawn([5], {
      draws: ["a", "b", "ab", "ba"].map((input) => draw(input, uniform)),
    });
    expect(new Set([a, b, ab, ba].map((each) => each?.data[0])).size).toBe(4);
  });
});
