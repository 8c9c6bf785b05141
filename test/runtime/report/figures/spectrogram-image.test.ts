import { expect, test } from "vitest";
import { spectrogramImage } from "../../../../runtime/report/figures/spectrogram-image.ts";

test("time goes to the right, and low bins are at the bottom", () => {
  // Two frames of three bins: the lowest bin of the second frame is loud.
  const { width, height, pixels } = spectrogramImage(Float32Array.of(0, 0, 0, 1, 0, 0), 3);
  expect({ width, height, pixels: [...pixels] }).toStrictEqual({ width: 2, height: 3, pixels: [0, 0, 0, 0, 0, 255] });
});

test("silence is dark", () => {
  const { pixels } = spectrogramImage(new Float32Array(6).fill(-1.2), 3);
  expect(new Set(pixels)).toStrictEqual(new Set([0]));
});

test("a long clip's columns are means of frames", () => {
  const features = Float32Array.from({ length: 1000 }, (_, frame) => (frame < 500 ? 0 : frame % 2));
  const { width, pixels } = spectrogramImage(features, 1);
  expect(width).toBe(500);
  expect(pixels[0]).toBe(0);
  expect(pixels[499]).toBe(128);
});
