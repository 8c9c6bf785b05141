import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { drawSpectrogram } from "../../../../runtime/report/figures/spectrogram-image.ts";

/** Width, height and the rows of pixels, each behind its filter's number. */
const readImage = (png: Buffer) => {
  const start = png.indexOf("IDAT") + 4;
  const data = png.subarray(start, start + png.readUInt32BE(start - 8));
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20), rows: [...inflateSync(data)] };
};

test("time goes to the right, and low bins are at the bottom", () => {
  // Two frames of three bins: the lowest bin of the second frame is loud.
  const image = readImage(drawSpectrogram(Float32Array.of(0, 0, 0, 1, 0, 0), 3));
  expect(image).toStrictEqual({ width: 2, height: 3, rows: [0, 0, 0, 0, 0, 0, 0, 0, 255] });
});

test("silence is dark", () => {
  const { rows } = readImage(drawSpectrogram(new Float32Array(6).fill(-1.2), 3));
  expect(new Set(rows)).toStrictEqual(new Set([0]));
});

test("a long clip's columns are means of frames", () => {
  const features = Float32Array.from({ length: 1000 }, (_, frame) => (frame < 500 ? 0 : frame % 2));
  const { width, rows } = readImage(drawSpectrogram(features, 1));
  expect(width).toBe(500);
  expect(rows[1]).toBe(0);
  expect(rows[500]).toBe(128);
});
