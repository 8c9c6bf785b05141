import { describe, expect, it } from "vitest";
import { byteLength, toFloat32 } from "../../../../compiler/weights/readers/dtype.ts";

const bytesOf = (elements: ArrayBufferView): Uint8Array =>
  new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);

describe("toFloat32", () => {
  it.each([
    ["float64", Float64Array.of(0.1, -2), [Math.fround(0.1), -2]],
    ["float32", Float32Array.of(0.5, -2), [0.5, -2]],
    ["int64", BigInt64Array.of(-3n, 2n ** 62n), [-3, 2 ** 62]],
    ["uint64", BigUint64Array.of(2n ** 63n), [2 ** 63]],
    ["int32", Int32Array.of(-7), [-7]],
    ["uint32", Uint32Array.of(2 ** 31), [2 ** 31]],
    ["int16", Int16Array.of(-300), [-300]],
    ["uint16", Uint16Array.of(65535), [65535]],
    ["int8", Int8Array.of(-5), [-5]],
    ["uint8", Uint8Array.of(250), [250]],
    ["bool", Uint8Array.of(1, 0), [1, 0]],
    ["bfloat16", Uint16Array.of(0x3f80, 0xc000, 0x7f80), [1, -2, Infinity]],
  ] as const)("widens %s", (dtype, elements, expected) => {
    expect([...toFloat32(dtype, bytesOf(elements))]).toStrictEqual(expected);
  });

  it("widens every finite float16 by its definition, and infinities, signed zeros and NaN", () => {
    const halves = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const expected = Float32Array.from(halves, (bits) => {
      const sign = bits >> 15 === 0 ? 1 : -1;
      const exponent = (bits >> 10) & 31;
      const fraction = (bits & 1023) / 1024;
      if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
      return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
    });
    expect(toFloat32("float16", bytesOf(halves))).toStrictEqual(expected);
  });
});

/** Of a float8, by its definition; e4m3fn has no infinity. */
const float8 = (bits: number, exponentBits: number, mantissaBits: number, hasInfinity: boolean): number => {
  const sign = bits >> 7 === 0 ? 1 : -1;
  const largest = 2 ** exponentBits - 1;
  const exponent = (bits >> mantissaBits) & largest;
  const fraction = (bits & (2 ** mantissaBits - 1)) / 2 ** mantissaBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (hasInfinity && exponent === largest) return fraction === 0 ? sign * Infinity : Number.NaN;
  if (!hasInfinity && (bits & 0x7f) === 0x7f) return Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
};

it.each([
  ["float8_e4m3fn", 4, 3, false],
  ["float8_e5m2", 5, 2, true],
] as const)("widens every %s by its definition", (dtype, exponentBits, mantissaBits, hasInfinity) => {
  const all = Uint8Array.from({ length: 256 }, (_, bits) => bits);
  const expected = Float32Array.from(all, (bits) => float8(bits, exponentBits, mantissaBits, hasInfinity));
  expect(toFloat32(dtype, all)).toStrictEqual(expected);
});

describe("byteLength", () => {
  it.each([
    [[], 4],
    [[2, 3], 24],
    [[0, 5], 0],
    [[-1], undefined],
    [[0.5], undefined],
    [["2"], undefined],
    [[2 ** 30, 2 ** 30], undefined],
    [[0, 2 ** 30, 2 ** 30], undefined],
  ])("of a float32 %j is %s", (shape, bytes) => {
    expect(byteLength("float32", shape)).toBe(bytes);
  });
});
