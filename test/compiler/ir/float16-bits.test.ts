import { expect, test } from "vitest";
import { float16Bits } from "../../../compiler/ir/float16-bits.ts";
import { dtypes } from "../../../compiler/weights/readers/dtype.ts";

const halves = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
const values = dtypes.float16.toFloat32(halves.buffer, 0, halves.length);

test("every normal float16, and both zeros, have their own bits", () => {
  const exponent = (bits: number): number => (bits >> 10) & 31;
  const isHeld = (bits: number): boolean => (exponent(bits) > 0 && exponent(bits) < 31) || (bits & 0x7fff) === 0;
  expect([...values].map(float16Bits)).toStrictEqual([...halves].map((bits) => (isHeld(bits) ? bits : undefined)));
});

test("what lies between goes to the nearest, ties to the even", () => {
  const one = 0x3c00;
  const step = 2 ** -10;
  expect(float16Bits(1 + 0.49 * step)).toBe(one);
  expect(float16Bits(1 + 0.5 * step)).toBe(one);
  expect(float16Bits(1 + 0.51 * step)).toBe(one + 1);
  expect(float16Bits(1 + 1.5 * step)).toBe(one + 2);
  expect(float16Bits(2 - 0.25 * step)).toBe(0x4000);
  expect(float16Bits(-Math.SQRT1_2)).toBe(0xb9a8);
});

test("what overflows or loses digits has none", () => {
  expect([65_505, -1e9, 1e-5, -1e-40, Infinity, NaN].map(float16Bits)).toStrictEqual(Array(6).fill(undefined));
});
