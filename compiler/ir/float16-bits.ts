const [smallest, largest] = [2 ** -14, 65_504];

/** The bits of the float16 nearest to a number, ties to even; undefined beyond float16's normal numbers, where digits are lost. */
export const float16Bits = (value: number): number | undefined => {
  const [bits = 0] = new Uint32Array(Float32Array.of(value).buffer);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (magnitude === 0) return sign;
  if (!(magnitude >= smallest && magnitude <= largest)) return undefined;
  const rounded = (bits & 0x7fffffff) + 0xfff + ((bits >>> 13) & 1);
  // The exponent's bias goes from 127 to 15.
  return sign | ((rounded >>> 13) - (112 << 10));
};
