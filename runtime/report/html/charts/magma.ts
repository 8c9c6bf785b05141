/** Nine colours of matplotlib's perceptually uniform map "magma", evenly spaced. */
const stops = [
  [0, 0, 4],
  [28, 16, 68],
  [79, 18, 123],
  [129, 37, 129],
  [181, 54, 122],
  [229, 80, 100],
  [251, 135, 97],
  [254, 194, 135],
  [252, 253, 191],
] as const;

const colorAt = (position: number): number[] => {
  const at = position * (stops.length - 1);
  const [low, high] = [stops[Math.floor(at)] ?? stops[0], stops[Math.ceil(at)] ?? stops[0]];
  return low.map((value, channel) => Math.round(value + ((high[channel] ?? 0) - value) * (at % 1)));
};

/** A palette from dark to light, [256, 3]: lightness rises evenly, so that equal steps look equal. */
export const magma: Uint8Array = Uint8Array.from({ length: 256 }, (_, index) => index).reduce(
  (palette, index) => {
    palette.set(colorAt(index / 255), index * 3);
    return palette;
  },
  new Uint8Array(256 * 3),
);
