import { describe, expect, test } from "vitest";
import { AudioFault } from "../../../runtime/audio/formats/audio-fault.ts";
import type { MonoBlock } from "../../../runtime/audio/mono-blocks.ts";
import { resample } from "../../../runtime/audio/resample.ts";
import { type Window, type WindowOptions, windows, windowSamples } from "../../../runtime/audio/windows.ts";
import { saying } from "../saying.ts";

const ramp = (length: number) => Float32Array.from({ length }, (_, index) => Math.sin(index * 0.01));

async function* blocksOf(samples: Float32Array, size: number, sampleRateHz = 1000): AsyncGenerator<MonoBlock> {
  for (let offset = 0; offset < samples.length; offset += size) {
    yield await Promise.resolve({ samples: samples.subarray(offset, offset + size), sampleRateHz });
  }
}

const collect = async (blocks: AsyncIterable<MonoBlock>, options: Partial<WindowOptions>, into: Window[] = []) => {
  const all = { sampleRateHz: 1000, minSamples: 10, windowSeconds: 1, hopSeconds: 1, ...options };
  for await (const window of windows(blocks, all)) into.push({ ...window, samples: window.samples.slice() });
  return into;
};

const spans = (given: readonly Window[]) => given.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]);

describe("where windows lie", () => {
  test.each([
    {
      samples: 3000,
      hopSeconds: 1,
      expected: [
        [0, 1],
        [1, 2],
        [2, 3],
      ],
    },
    {
      samples: 2500,
      hopSeconds: 1,
      expected: [
        [0, 1],
        [1, 2],
        [2, 2.5],
      ],
    },
    {
      samples: 2000,
      hopSeconds: 0.5,
      expected: [
        [0, 1],
        [0.5, 1.5],
        [1, 2],
      ],
    },
    {
      samples: 2001,
      hopSeconds: 0.5,
      expected: [
        [0, 1],
        [0.5, 1.5],
        [1, 2],
        [1.5, 2.001],
      ],
    },
    { samples: 300, hopSeconds: 0.5, expected: [[0, 0.3]] },
    { samples: 10, hopSeconds: 1, expected: [[0, 0.01]] },
    // A rest without a frame is left out.
    {
      samples: 2009,
      hopSeconds: 1,
      expected: [
        [0, 1],
        [1, 2],
      ],
    },
    {
      samples: 2010,
      hopSeconds: 1,
      expected: [
        [0, 1],
        [1, 2],
        [2, 2.01],
      ],
    },
  ])("$samples samples, a hop of $hopSeconds s", async ({ samples, hopSeconds, expected }) => {
    for (const size of [1, 7, 1000, 5000]) {
      const given = await collect(blocksOf(ramp(samples), size), { hopSeconds });
      expect(spans(given)).toEqual(expected);
      for (const window of given) {
        const [start, end] = [window.startSeconds * 1000, window.endSeconds * 1000].map(Math.round);
        expect(window.samples).toEqual(ramp(samples).slice(start, end));
      }
    }
  });

  test("hops that are no whole number of samples add up to no drift", async () => {
    const given = await collect(blocksOf(ramp(100_000), 999), { windowSeconds: 1, hopSeconds: 1 / 3 });
    expect(given[1]?.startSeconds).toBe(0.333);
    expect(given[2]?.startSeconds).toBe(0.667);
    expect(given[240]?.startSeconds).toBe(80);
  });

  test("windows side by side leave no sample out, whatever their length in samples", async () => {
    const options = { windowSeconds: 0.010_37, hopSeconds: 0.010_37, minSamples: 1 };
    const given = await collect(blocksOf(ramp(10_000), 100), options);
    const gaps = given.filter(({ startSeconds }, index) => startSeconds > (given[index - 1]?.endSeconds ?? 0));
    expect(gaps).toEqual([]);
    expect(given.at(-1)?.endSeconds).toBe(10);
  });

  test.each([
    [1.1, 16_000, 17_600],
    [0.1, 44_100, 4410],
    [0.000_01, 16_000, 1],
  ])("%d s at %d Hz are %d samples", (windowSeconds, sampleRateHz, expected) => {
    expect(windowSamples({ windowSeconds, sampleRateHz })).toBe(expected);
  });
});

test("windows are pieces of the whole recording resampled", async () => {
  const recording = ramp(44_100);
  const whole = resample(recording, { fromHz: 44_100, toHz: 16_000 });
  const options = { sampleRateHz: 16_000, windowSeconds: 0.3, hopSeconds: 0.1 };
  const given = await collect(blocksOf(recording, 1234, 44_100), options);
  expect(given).toHaveLength(8);
  for (const { samples, startSeconds } of given) {
    const start = Math.round(startSeconds * 16_000);
    expect(samples).toEqual(whole.slice(start, start + samples.length));
  }
});

test("a recording that breaks off is heard until there", async () => {
  async function* broken() {
    yield* blocksOf(ramp(1700), 100);
    throw new AudioFault("the file is corrupt");
  }
  const given: Window[] = [];
  await expect(collect(broken(), {}, given)).rejects.toThrow("the file is corrupt");
  expect(spans(given)).toEqual([
    [0, 1],
    [1, 1.7],
  ]);
});

test("a recording without a whole frame is refused", async () => {
  await expect(collect(blocksOf(ramp(9), 5), {})).rejects.toThrow(
    saying("the clip has 9 samples at 1000 Hz; the model needs 10 or more (10 ms)"),
  );
});
