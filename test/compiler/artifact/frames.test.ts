import { describe, expect, test } from "vitest";
import {
  type Framing,
  framesIn,
  framesSeen,
  leastSamplesOf,
  samplesIn,
  samplesOf,
} from "../../../compiler/artifact/frames.ts";

/** Kaldi's; torchaudio's of 512 samples; PaSST's, which loses a sample before it. */
const kaldi: Framing = { minSamples: 400, frameShiftSamples: 160 };
const centred: Framing = { minSamples: 257, frameShiftSamples: 160, reflectedSamples: 256 };
const dropped: Framing = { minSamples: 514, frameShiftSamples: 320, reflectedSamples: 512 };

describe("frames of a clip", () => {
  test.each([
    ["Kaldi", kaldi, 400, 1],
    ["Kaldi", kaldi, 559, 1],
    ["Kaldi", kaldi, 560, 2],
    ["centred", centred, 257, 2],
    ["centred", centred, 16_000, 101],
    ["centred", centred, 15_999, 100],
    ["dropped", dropped, 320_000, 1000],
    ["dropped", dropped, 320_001, 1001],
  ])("%s: %o, %d samples have %d", (_, framing, samples, frames) => {
    expect(framesIn(samples, framing)).toBe(frames);
    expect(leastSamplesOf(frames, framing)).toBeLessThanOrEqual(samples);
    expect(leastSamplesOf(frames + 1, framing)).toBeGreaterThan(samples);
  });

  test.each([
    ["Kaldi", kaldi, 1, 400],
    ["Kaldi", kaldi, 10, 1840],
    ["centred", centred, 1, 257],
    ["centred", centred, 10, 1697],
  ])("%s: %o, %d frames take %d", (_, framing, frames, samples) => {
    expect(samplesIn(frames, framing)).toBe(samples);
    expect(framesSeen(samples, { ...framing, frames: 8, anyLength: { least: 1, most: frames } })).toBe(frames);
  });

  test("lie where their samples do, not before the clip", () => {
    expect(samplesOf(0, 16, kaldi)).toStrictEqual({ first: 0, end: 2800 });
    expect(samplesOf(10, 26, kaldi)).toStrictEqual({ first: 1600, end: 4400 });
    expect(samplesOf(0, 16, centred)).toStrictEqual({ first: 0, end: 2656 });
    expect(samplesOf(10, 26, centred)).toStrictEqual({ first: 1344, end: 4256 });
  });
});
